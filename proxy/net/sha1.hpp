// SHA-1, where a protocol's handshake asks for it: no protection, only proof of having read.
//
// Threads: any (pure).
#pragma once

#include <string>
#include <string_view>

namespace fairlead::net {

/// The digest of `text` in base64 (RFC 4648 4).
std::string sha1_base64(std::string_view text);

}  // namespace fairlead::net
