#include "control/redis/redis_slot.hpp"

namespace fairlead::control {
namespace {

/// CRC16-CCITT as XMODEM has it: polynomial 0x1021, beginning with 0.
std::uint16_t crc16(std::string_view text) noexcept {
    std::uint32_t crc = 0;
    for (const char c : text) {
        crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
    }
    return static_cast<std::uint16_t>(crc);
}

}  // namespace

std::uint16_t slot_of_key(std::string_view key) noexcept {
    const auto open = key.find('{');
    if (open != std::string_view::npos) {
        const auto close = key.find('}', open + 1);
        if (close != std::string_view::npos && close > open + 1)
            key = key.substr(open + 1, close - open - 1);
    }
    return crc16(key) % slot_count;
}

std::string_view key_of(const RedisCommand& command) noexcept {
    const bool is_script = command[0] == "EVAL" || command[0] == "EVALSHA";
    const std::size_t place = is_script ? 3 : 1;
    return command.size() > place ? std::string_view(command[place]) : std::string_view();
}

}  // namespace fairlead::control
