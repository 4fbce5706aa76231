#include "proxy/net/sha1.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

namespace fairlead::net {

std::string sha1_base64(std::string_view text) {
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
    ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::array<unsigned char, (SHA_DIGEST_LENGTH + 2) / 3 * 4 + 1> encoded;
    const int size = ::EVP_EncodeBlock(encoded.data(), digest.data(), SHA_DIGEST_LENGTH);
    return {encoded.begin(), encoded.begin() + size};
}

}  // namespace fairlead::net
