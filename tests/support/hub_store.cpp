// What the test Hub keeps: repositories with commits, accounts, and the storage of large files.
#include "support/hub_store.h"

#include <algorithm>

#include "base/digest.h"

namespace bv2::test {

std::string HubFile::sha256() const { return digest_of(DigestKind::sha256, content); }

std::string HubFile::in_git() const {
  if (!large) return content;
  return fmt::format("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n", sha256(),
                     content.size());
}

std::string HubFile::git_oid() const { return digest_of(DigestKind::git_blob, in_git()); }

const HubCommit* HubRepository::find(const std::string& revision) const {
  if (commits.empty()) return nullptr;
  if (revision == "main" || revision == "HEAD") return &commits.back();
  const auto ref = refs.find(revision);
  const std::string& id = ref == refs.end() ? revision : ref->second;
  const auto commit =
      std::find_if(commits.begin(), commits.end(), [&](const HubCommit& c) { return c.id == id; });
  return commit == commits.end() ? nullptr : &*commit;
}

const HubCommit& HubRepository::add_commit(std::string title, std::string message, HubFiles files) {
  std::string identity = kind + name + title + message + std::to_string(commits.size());
  for (const auto& [path, file] : files) identity += path + file.git_oid();
  commits.push_back(
      {digest_of(DigestKind::git_blob, identity), std::move(title), std::move(message), std::move(files)});
  return commits.back();
}

HubRepository* HubStore::find(const std::string& kind, const std::string& name) {
  const auto found = repositories.find(kind + "/" + name);
  return found == repositories.end() ? nullptr : &found->second;
}

HubRepository& HubStore::create(const std::string& kind, const std::string& name) {
  HubRepository& repository = repositories[kind + "/" + name];
  repository.kind = kind;
  repository.name = name;
  repository.add_commit("initial commit", "", {{".gitattributes", {"*.safetensors filter=lfs\n", false}}});
  return repository;
}

}  // namespace bv2::test
