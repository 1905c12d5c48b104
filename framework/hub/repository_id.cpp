// Names of repositories on the Hub.
#include "framework/hub/repository_id.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace bv2::hub {
namespace {

constexpr std::size_t longest_name = 96;  // the Hub's own limit, of organisation and name together

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

/// Why `part` is no name of an organisation or a repository; empty where it is one.
std::string_view fault_of(std::string_view part) {
  if (part.empty()) return "a part of it is empty";
  if (!std::all_of(part.begin(), part.end(), is_name_character)) {
    return "only letters, digits, '-', '_' and '.' may be in it";
  }
  if (part.find("--") != std::string_view::npos || part.find("..") != std::string_view::npos) {
    return "'--' and '..' may not be in it";
  }
  if (std::string_view("-.").find(part.front()) != std::string_view::npos ||
      std::string_view("-.").find(part.back()) != std::string_view::npos) {
    return "no part of it may start or end with '-' or '.'";
  }
  return {};
}

std::string_view fault_of_name(std::string_view name) {
  if (name.size() > longest_name) return "it is longer than 96 characters";
  if (name.ends_with(".git")) return "it may not end with .git";
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return fault_of(name);
  const std::string_view fault = fault_of(name.substr(0, slash));
  return fault.empty() ? fault_of(name.substr(slash + 1)) : fault;
}

}  // namespace

std::string_view plural(RepositoryKind kind) { return kind == RepositoryKind::model ? "models" : "datasets"; }

std::string RepositoryId::shown() const { return revision == "main" ? name : name + "@" + revision; }

RepositoryId parse_repository_id(std::string_view text, RepositoryKind kind) {
  RepositoryId id;
  id.kind = kind;
  const std::size_t at = text.find('@');
  id.name = text.substr(0, at);
  const std::string_view fault = fault_of_name(id.name);
  if (!fault.empty()) {
    fail<UsageError>("'{}' is not the name of a {} on the Hub: {} (expected: organisation/name)", id.name,
                     kind == RepositoryKind::model ? "model" : "dataset", fault);
  }
  if (at != std::string_view::npos) {
    id.revision = text.substr(at + 1);
    check_revision(id.revision);
  }
  return id;
}

void check_revision(std::string_view revision) {
  // The rules of `git check-ref-format` that matter for a path, and none that a real name would break.
  const bool plain = std::all_of(revision.begin(), revision.end(), [](char c) {
    return c > ' ' && c != '\x7f' && std::string_view("~^:?*[\\").find(c) == std::string_view::npos;
  });
  const bool dotted = revision.find("..") != std::string_view::npos || revision.starts_with('.') ||
                      revision.find("/.") != std::string_view::npos || revision.ends_with(".lock");
  const bool slashed =
      revision.starts_with('/') || revision.ends_with('/') || revision.find("//") != std::string_view::npos;
  if (revision.empty() || revision.size() > 200 || !plain || dotted || slashed) {
    fail<UsageError>("'{}' is not a revision: give a branch, a tag or a commit", revision);
  }
}

bool is_commit_hash(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace bv2::hub
