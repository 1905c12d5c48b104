// A Hugging Face Hub for tests: the parts of it that we use, on two addresses of this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/hub_store.h"

namespace bv2::test {

/// Something that goes wrong with the next `times` requests that match.
struct HubFault {
  enum class Kind {
    status,      ///< answers `status` with `headers` and `body`
    drop,        ///< closes the connection after `bytes` bytes of content
    end_early,   ///< ends the content after `bytes` bytes, without having said how long it is
    trickle,     ///< gives `bytes` bytes a tenth of a second
    corrupt,     ///< changes the byte at `bytes`
    no_ranges,   ///< gives all of a file where a part was asked for
    lose_answer  ///< does what was asked, then closes the connection
  };
  Kind kind = Kind::status;
  std::string path_part;    ///< that the path has to contain
  std::string method = "";  ///< empty: any
  int times = 1;
  int status = 500;
  std::map<std::string, std::string> headers{};
  std::string body{};
  std::uint64_t bytes = 0;
};

struct RecordedRequest {
  std::string server;  ///< "hub" or "storage"
  std::string method;
  std::string path;                            ///< not decoded, with the query
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

struct HubServerOptions {
  bool tls = false;                             ///< with a certificate that nobody trusts
  std::uint64_t large_file_bytes = 10'000'000;  ///< from which size files go to the storage
  std::uint64_t multipart_bytes = 50'000'000;   ///< from which size uploads are in parts
  std::uint64_t part_bytes = 20'000'000;
};

/// Serves until it is destroyed. Thread-safe.
class HubServer {
 public:
  explicit HubServer(const HubServerOptions& options = {});
  ~HubServer();
  HubServer(const HubServer&) = delete;
  HubServer& operator=(const HubServer&) = delete;

  /// http://127.0.0.1:PORT
  [[nodiscard]] std::string endpoint() const;
  /// http://localhost:OTHER_PORT: where large files are, so a host that must not see the token.
  [[nodiscard]] std::string storage() const;
  /// The certificate as PEM, with `tls`.
  [[nodiscard]] std::string certificate() const;

  void add_token(const std::string& token, const HubAccount& account);
  /// Files that end with .safetensors are large ones. Gives the commit.
  std::string add_repository(const std::string& kind, const std::string& name,
                             const std::map<std::string, std::string>& files,
                             HubAccess access = HubAccess::everyone);
  void add_fault(const HubFault& fault);
  void clear_faults();
  /// Any other change or question, with the store to itself.
  void with_store(const std::function<void(HubStore&)>& action);

  [[nodiscard]] std::vector<RecordedRequest> requests() const;
  /// Those whose method is this and whose path contains that.
  [[nodiscard]] std::vector<RecordedRequest> requests(const std::string& method,
                                                      const std::string& path_part) const;
  void forget_requests();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bv2::test
