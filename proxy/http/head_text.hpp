// Writes a head's text at the end of a buffer: one look at the room left for each piece, no call
// for a short copy.
//
// Threads: one worker. Allocates only until the buffer has grown to the usual size of a head.
// Invariant: while it lives, the buffer does not know of what it wrote; the end tells it.
#pragma once

#include "proxy/base/copy_text.hpp"
#include "proxy/base/text_buffer.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fairlead::http {

class HeadText {
public:
    explicit HeadText(TextBuffer& out) : out_(out) { take_room(usual_size); }
    ~HeadText() { out_.end_at(at_); }
    HeadText(const HeadText&) = delete;
    HeadText& operator=(const HeadText&) = delete;

    HeadText& add(std::string_view text) {
        copy_text(room(text.size()), text);
        return *this;
    }

    template <std::size_t N>
    HeadText& add(const char (&literal)[N]) {
        std::memcpy(room(N - 1), literal, N - 1);
        return *this;
    }

    /// "name: value", CRLF.
    void add_field(std::string_view name, std::string_view value) {
        char* to = room(name.size() + value.size() + 4);
        to = copy_text(to, name);
        std::memcpy(to, ": ", 2);
        to = copy_text(to + 2, value);
        std::memcpy(to, "\r\n", 2);
    }

    template <std::size_t N>
    void add_field(const char (&name)[N], std::string_view value) {
        char* const to = room(N - 1 + value.size() + 4);
        std::memcpy(to, name, N - 1);
        std::memcpy(to + N - 1, ": ", 2);
        std::memcpy(copy_text(to + N + 1, value), "\r\n", 2);
    }

    template <class Number>
    HeadText& add_number(Number number) {
        constexpr std::size_t most = 20;  // digits of 64 bits
        char* const to = room(most);
        at_ = std::to_chars(to, to + most, number).ptr;
        return *this;
    }

private:
    // Most heads are smaller.
    static constexpr std::size_t usual_size = 512;

    [[gnu::always_inline]] char* room(std::size_t n) {
        if (static_cast<std::size_t>(end_ - at_) < n) [[unlikely]]
            grow(n);
        char* const at = at_;
        at_ += n;
        return at;
    }

    [[gnu::noinline]] void grow(std::size_t n) {
        out_.end_at(at_);
        take_room(n);
    }

    void take_room(std::size_t n) {
        const auto room = out_.room(n);
        at_ = room.data();
        end_ = at_ + room.size();
    }

    TextBuffer& out_;
    char* at_;   // behind the text
    char* end_;  // of the room there is
};

}  // namespace fairlead::http
