// The scans agree with the table of characters, byte by byte, wherever the bytes lie.
#include "proxy/http/scan.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

using namespace fairlead::http;

namespace {

const char* by_table(const char* p, const char* end, std::uint8_t classes) {
    while (p != end && is(*p, classes)) ++p;
    return p;
}

}  // namespace

TEST_CASE("a scan stops at the first byte that is not allowed", "[http][scan]") {
    std::size_t wrong = 0;
    for (std::size_t size = 0; size <= 40; ++size) {
        // Of exactly that size, so that the address sanitizer sees what is read beyond.
        const auto bytes = std::make_unique<char[]>(size);
        const char* const begin = bytes.get();
        const char* const end = begin + size;
        for (std::size_t at = 0; at < size; ++at) {
            for (int value = 0; value < 256; ++value) {
                std::fill_n(bytes.get(), size, 'a');
                bytes[at] = static_cast<char>(value);
                for (const auto* from : {begin, begin + at / 2, begin + at}) {
                    bool underscore = false;
                    wrong +=
                        scan::value_end(begin, from, end) != by_table(from, end, value_character);
                    wrong +=
                        scan::target_end(begin, from, end) != by_table(from, end, target_character);
                    wrong += scan::token_end(begin, from, end, underscore) !=
                             by_table(from, end, token_character);
                    wrong += underscore != (value == '_');
                }
            }
        }
        CHECK(scan::value_end(begin, begin, end) == end);
    }
    CHECK(wrong == 0);
}

TEST_CASE("bytes before the scan do not stop it", "[http][scan]") {
    for (std::size_t size = 1; size <= 40; ++size) {
        std::string text(size, '\n');
        text.back() = 'a';
        const char* const begin = text.data();
        const char* const end = begin + size;
        bool underscore = false;
        CHECK(scan::value_end(begin, end - 1, end) == end);
        CHECK(scan::target_end(begin, end - 1, end) == end);
        CHECK(scan::token_end(begin, end - 1, end, underscore) == end);
        CHECK(scan::value_end(begin, end, end) == end);
    }
}
