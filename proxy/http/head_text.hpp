// Writes a head's text at the end of a string: one look at the room left for each piece, no call
// for a short copy. A std::string's own append costs more than what it copies here.
//
// Threads: one worker. Allocates only until the string has grown to the usual size of a head.
// Invariant: while it lives, the string is longer than its text; the end sets that right.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fairlead::http {

class HeadText {
public:
    explicit HeadText(std::string& out) : out_(out), size_(out.size()) { grow(usual_size); }
    ~HeadText() { out_.resize(size_); }
    HeadText(const HeadText&) = delete;
    HeadText& operator=(const HeadText&) = delete;

    HeadText& add(std::string_view text) {
        copy(room(text.size()), text);
        return *this;
    }

    /// "name: value", CRLF.
    void add_field(std::string_view name, std::string_view value) {
        char* to = room(name.size() + value.size() + 4);
        to = copy(to, name);
        std::memcpy(to, ": ", 2);
        to = copy(to + 2, value);
        std::memcpy(to, "\r\n", 2);
    }

    template <class Number>
    HeadText& add_number(Number number) {
        std::array<char, 24> digits;
        const auto [end, ec] = std::to_chars(digits.begin(), digits.end(), number);
        return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }

private:
    // Most heads are smaller; making this room costs a few dozen instructions.
    static constexpr std::size_t usual_size = 512;

    char* room(std::size_t n) {
        if (out_.size() - size_ < n) grow(n);
        char* const at = out_.data() + size_;
        size_ += n;
        return at;
    }

    void grow(std::size_t n) { out_.resize(size_ + n + usual_size); }

    template <class Word>
    static void copy_ends(char* to, std::string_view text) noexcept {
        Word first;
        Word last;
        std::memcpy(&first, text.data(), sizeof first);
        std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
        std::memcpy(to, &first, sizeof first);
        std::memcpy(to + text.size() - sizeof last, &last, sizeof last);
    }

    static char* copy(char* to, std::string_view text) noexcept {
        if (text.size() > 16) {
            std::memcpy(to, text.data(), text.size());
        } else if (text.size() >= 8) {
            copy_ends<std::uint64_t>(to, text);
        } else if (text.size() >= 4) {
            copy_ends<std::uint32_t>(to, text);
        } else {
            for (std::size_t i = 0; i < text.size(); ++i) to[i] = text[i];
        }
        return to + text.size();
    }

    std::string& out_;
    std::size_t size_;  // of the text
};

}  // namespace fairlead::http
