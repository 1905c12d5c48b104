// A certificate that nobody trusts.
#pragma once

#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace bv2::test {

struct SelfSigned {
  std::unique_ptr<X509, void (*)(X509*)> certificate;
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key;
  std::string pem;
};

/// For 127.0.0.1 and localhost.
SelfSigned make_self_signed();

}  // namespace bv2::test
