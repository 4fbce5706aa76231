// What the TLS contexts of both sides are made with; for tls.cpp and tls_client.cpp.
//
// Threads: any.
#pragma once

#include "proxy/base/checked.hpp"
#include "proxy/model/config.hpp"

#include <openssl/types.h>

#include <string>

namespace fairlead::net {

/// ALPN, RFC 7301: each name preceded by its length.
inline constexpr unsigned char offered_protocols[] = "\x08http/1.1";

/// The newest entry of OpenSSL's error queue, as text. Empties the queue.
std::string last_tls_error();

/// A chain and its key; a problem names the file and what OpenSSL said.
Checked<> use_certificate(SSL_CTX* context, const model::TlsCertificate& certificate);

}  // namespace fairlead::net
