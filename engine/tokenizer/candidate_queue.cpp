// Candidates by rank, then from left to right.
#include "engine/tokenizer/candidate_queue.h"

#include <algorithm>
#include <functional>

namespace bv2::engine::tokenizer {

namespace {

constexpr auto later_item = [](const auto& a, const auto& b) { return b < a; };

}  // namespace

CandidateQueue::Bucket& CandidateQueue::bucket_of(std::uint32_t rank) {
  if (rank >= places_.size()) places_.resize(std::size_t{rank} + 1, none);
  std::uint32_t& place = places_[rank];
  if (place == none) {
    place = static_cast<std::uint32_t>(buckets_.size());
    buckets_.emplace_back();
  }
  return buckets_[place];
}

void CandidateQueue::append(std::uint32_t rank, Item item) {
  Bucket& bucket = bucket_of(rank);
  if (!bucket.items.empty() && item < bucket.items.back()) bucket.sorted = false;
  bucket.items.push_back(item);
  if (bucket.queued) return;
  bucket.queued = true;
  ranks_.push_back(rank);
  std::push_heap(ranks_.begin(), ranks_.end(), std::greater<>());
}

void CandidateQueue::push(const MergeCandidate& candidate) {
  const Item item{candidate.position, candidate.id};
  if (candidate.rank != open_) return append(candidate.rank, item);
  // A merge makes candidates at its own place and before it, never behind.
  early_.push_back(item);
  std::push_heap(early_.begin(), early_.end(), later_item);
}

/// What a merge made may come before the rest of its own rank.
void CandidateQueue::put_back() {
  const std::uint32_t rank = open_;
  open_ = none;
  for (const Item& item : early_) append(rank, item);
  early_.clear();
  Bucket& bucket = bucket_of(rank);
  if (bucket.queued || bucket.next == bucket.items.size()) return;
  bucket.queued = true;
  ranks_.push_back(rank);
  std::push_heap(ranks_.begin(), ranks_.end(), std::greater<>());
}

void CandidateQueue::open_next() {
  std::pop_heap(ranks_.begin(), ranks_.end(), std::greater<>());
  open_ = ranks_.back();
  ranks_.pop_back();
  Bucket& bucket = bucket_of(open_);
  bucket.queued = false;
  if (!bucket.sorted) {
    std::sort(bucket.items.begin() + static_cast<std::ptrdiff_t>(bucket.next), bucket.items.end());
    bucket.sorted = true;
  }
}

bool CandidateQueue::pop(MergeCandidate& candidate) {
  while (true) {
    if (open_ != none && !ranks_.empty() && ranks_.front() < open_) put_back();
    if (open_ == none) {
      if (ranks_.empty()) return false;
      open_next();
    }
    Item item{};
    Bucket& bucket = bucket_of(open_);
    if (!early_.empty()) {
      std::pop_heap(early_.begin(), early_.end(), later_item);
      item = early_.back();
      early_.pop_back();
    } else if (bucket.next < bucket.items.size()) {
      item = bucket.items[bucket.next++];
    } else {
      bucket.items.clear();
      bucket.next = 0;
      bucket.sorted = true;
      open_ = none;
      continue;
    }
    candidate = {open_, item.position, item.id};
    return true;
  }
}

}  // namespace bv2::engine::tokenizer
