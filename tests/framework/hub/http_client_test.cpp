// The HTTP client against a server: redirects, secrets, faults, certificates, proxies.
#include "framework/hub/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "framework/hub/retry.h"
#include "support/error_text.h"
#include "support/hub_fixture.h"

namespace bv2::hub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::error_text;
using test::HubFault;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

struct HttpClientTest : test::HubTest {
  HttpClientTest() {
    server.add_token("tok-123", {"me"});
    variables["HF_TOKEN"] = "tok-123";
    commit = server.add_repository("models", "org/name", test::model_files());
  }
  [[nodiscard]] std::string weights_url() const {
    return server.endpoint() + "/org/name/resolve/" + commit + "/model.safetensors";
  }
  std::string commit;
};

TEST_F(HttpClientTest, SaysWhoWeAreAndWhoseTokenItIs) {
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = server.endpoint() + "/api/whoami-v2"}).status, 200);
  const auto request = server.requests().at(0);
  EXPECT_THAT(request.headers.at("user-agent"),
              MatchesRegex(R"(benchmark_v2/[0-9.]+; libcurl/[0-9.]+; Linux .*)"));
  EXPECT_EQ(request.headers.at("authorization"), "Bearer tok-123");
}

TEST_F(HttpClientTest, ARedirectToAnotherHostDoesNotTakeTheTokenAlong) {
  const Session session(options());
  HttpClient client(session);
  const HttpResponse response = client.send({.url = weights_url()});
  EXPECT_EQ(response.body, test::model_files().at("model.safetensors"));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].server, "hub");
  EXPECT_TRUE(requests[0].headers.contains("authorization"));
  EXPECT_EQ(requests[1].server, "storage");
  EXPECT_FALSE(requests[1].headers.contains("authorization"));
  // What the Hub said before it sent us on is not lost.
  EXPECT_EQ(response.first("X-Repo-Commit"), commit);
}

TEST_F(HttpClientTest, ARedirectOnTheSameHostKeepsTheToken) {
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = server.endpoint() + "/org/name/resolve/main/config.json"}).status, 200);
  for (const auto& request : server.requests()) EXPECT_TRUE(request.headers.contains("authorization"));
}

TEST_F(HttpClientTest, CanStayOnTheHost) {
  const Session session(options());
  HttpClient client(session);
  const HttpResponse response = client.send({.method = "HEAD", .url = weights_url(), .stay_on_host = true});
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpClientTest, RedirectsInCirclesEnd) {
  server.add_fault({.path_part = "/loop", .times = 100, .status = 302, .headers = {{"Location", "/loop"}}});
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(error_text([&] { client.send({.url = server.endpoint() + "/loop"}); }),
            server.endpoint() + "/loop: more than 10 redirects");
}

TEST_F(HttpClientTest, RedirectsToFilesAreNotFollowed) {
  server.add_fault({.path_part = "/x", .status = 302, .headers = {{"Location", "file:///etc/passwd"}}});
  const Session session(options());
  HttpClient client(session);
  EXPECT_THAT(error_text([&] { client.send({.url = server.endpoint() + "/x"}); }), HasSubstr("rotocol"));
}

TEST_F(HttpClientTest, TriesAgainWhileTheServerIsInTrouble) {
  server.add_fault({.path_part = "whoami", .times = 3, .status = 503});
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = server.endpoint() + "/api/whoami-v2"}).status, 200);
  EXPECT_EQ(server.requests().size(), 4U);
  EXPECT_EQ(waits.size(), 3U);
}

TEST_F(HttpClientTest, GivesUpAfterItsAttempts) {
  server.add_fault({.path_part = "whoami", .times = 100, .status = 500});
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = server.endpoint() + "/api/whoami-v2"}).status, 500);
  EXPECT_EQ(server.requests().size(), 5U);
}

TEST_F(HttpClientTest, WaitsAsLongAsTheServerAsks) {
  server.add_fault({.path_part = "whoami", .status = 429, .headers = {{"Retry-After", "42"}}});
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = server.endpoint() + "/api/whoami-v2"}).status, 200);
  EXPECT_THAT(waits, ::testing::ElementsAre(seconds(42)));
}

TEST_F(HttpClientTest, DoesNotTryAgainWhatCannotPass) {
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = server.endpoint() + "/nothing/here"}).status, 404);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpClientTest, TriesAgainAfterABrokenConnection) {
  server.add_fault({.kind = HubFault::Kind::drop, .path_part = "/files/", .times = 2, .bytes = 1000});
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = weights_url()}).body.size(), 100'000U);
  EXPECT_EQ(waits.size(), 2U);
}

TEST_F(HttpClientTest, AServerThatIsNotThere) {
  variables["HF_ENDPOINT"] = "http://127.0.0.1:1";
  const Session session(options());
  HttpClient client(session);
  EXPECT_THAT(error_text([&] { client.send({.url = "http://127.0.0.1:1/x"}); }),
              StartsWith("127.0.0.1: Failed to connect to 127.0.0.1 port 1"));
  EXPECT_EQ(waits.size(), 4U);
}

TEST_F(HttpClientTest, AHostThatDoesNotExist) {
  const Session session(options());
  HttpClient client(session);
  EXPECT_THAT(error_text([&] { client.send({.url = "http://host.invalid/x"}); }),
              HasSubstr("Could not resolve host: host.invalid"));
}

TEST_F(HttpClientTest, ATrickleCountsAsBroken) {
  server.add_fault({.kind = HubFault::Kind::trickle, .path_part = "/files/", .bytes = 10});
  HubOptions impatient = options();
  impatient.http.low_speed_bytes_per_second = 10'000;
  impatient.http.low_speed_window = seconds(1);
  const Session session(impatient);
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = weights_url()}).body.size(), 100'000U);
  EXPECT_EQ(waits.size(), 1U);
}

TEST_F(HttpClientTest, AnInterruptEndsATransfer) {
  server.add_fault({.kind = HubFault::Kind::trickle, .path_part = "/files/", .times = 10, .bytes = 10});
  HubOptions interruptible = options();
  const auto start = std::chrono::steady_clock::now();
  interruptible.interrupted = [=] { return std::chrono::steady_clock::now() - start > milliseconds(300); };
  const Session session(interruptible);
  HttpClient client(session);
  EXPECT_THROW(client.send({.url = weights_url()}), Interrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(5));
}

TEST_F(HttpClientTest, HttpProxiesOfTheEnvironment) {
  // The storage takes the part of a proxy: it sees the whole address that it is asked for.
  variables["http_proxy"] = server.storage();
  const Session session(options());
  HttpClient client(session);
  client.send({.url = "http://somewhere.invalid/x"});
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].server, "storage");
  EXPECT_EQ(requests[0].path, "http://somewhere.invalid/x");
}

TEST_F(HttpClientTest, NoProxyForTheseHosts) {
  variables["http_proxy"] = "http://127.0.0.1:1";
  variables["no_proxy"] = "127.0.0.1,localhost";
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = server.endpoint() + "/api/whoami-v2"}).status, 200);
}

TEST_F(HttpClientTest, AProxysPasswordIsNotShown) {
  variables["http_proxy"] = "http://user:proxy-secret@host.invalid:8080";
  const Session session(options());
  HttpClient client(session);
  EXPECT_THAT(error_text([&] { client.send({.url = "http://somewhere.invalid/x"}); }),
              AllOf(HasSubstr("proxy"), Not(HasSubstr("proxy-secret"))));
}

struct TlsTest : test::HubTest {
  TlsTest() : HubTest({.tls = true}) { server.add_token("tok-123", {"me"}); }
};

TEST_F(TlsTest, ACertificateThatNobodyTrustsIsRefusedAtOnce) {
  variables["HF_TOKEN"] = "tok-123";
  const Session session(options());
  HttpClient client(session);
  EXPECT_THAT(error_text([&] { client.send({.url = server.endpoint() + "/api/whoami-v2"}); }),
              HasSubstr("certificate"));
  EXPECT_TRUE(waits.empty());
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(TlsTest, ACertificateOfTheBundleIsTrusted) {
  variables["HF_TOKEN"] = "tok-123";
  variables["SSL_CERT_FILE"] = folder.write("bundle.pem", server.certificate());
  const Session session(options());
  HttpClient client(session);
  EXPECT_EQ(client.send({.url = server.endpoint() + "/api/whoami-v2"}).status, 200);
}

TEST_F(TlsTest, ARedirectDoesNotLeaveTls) {
  variables["SSL_CERT_FILE"] = folder.write("bundle.pem", server.certificate());
  const std::string commit = server.add_repository("models", "org/name", test::model_files());
  const Session session(options());
  HttpClient client(session);
  EXPECT_THAT(
      error_text(
          [&] { client.send({.url = server.endpoint() + "/org/name/resolve/main/model.safetensors"}); }),
      AllOf(HasSubstr("a redirect leads from https to 'http://localhost"), Not(HasSubstr("Signature"))));
}

}  // namespace
}  // namespace bv2::hub
