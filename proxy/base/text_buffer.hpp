// A text that grows at its end and is written in place: making room writes nothing, where a
// std::string fills it with zeros first.
//
// Threads: one. Allocates only until it has grown to the usual size: clear() keeps the storage.
#pragma once

#include "proxy/base/copy_text.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace fairlead {

class TextBuffer {
public:
    TextBuffer() = default;
    TextBuffer(const TextBuffer&) = delete;
    TextBuffer& operator=(const TextBuffer&) = delete;

    std::string_view text() const noexcept { return {storage_.get(), size_}; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    void clear() noexcept { size_ = 0; }

    /// All the storage behind the text, `n` bytes of it at least. What is written there is text
    /// once end_at() says so; views of text() end.
    std::span<char> room(std::size_t n) {
        if (capacity_ - size_ < n) [[unlikely]]
            grow(n);
        return {storage_.get() + size_, capacity_ - size_};
    }
    /// The text ends there, within the room.
    void end_at(const char* end) noexcept {
        size_ = static_cast<std::size_t>(end - storage_.get());
    }

    TextBuffer& append(std::string_view text) {
        end_at(copy_text(room(text.size()).data(), text));
        return *this;
    }

    void swap(TextBuffer& other) noexcept {
        storage_.swap(other.storage_);
        std::swap(capacity_, other.capacity_);
        std::swap(size_, other.size_);
    }

private:
    [[gnu::noinline]] void grow(std::size_t n) {
        const auto capacity = std::max(size_ + n, 2 * capacity_);
        auto storage = std::make_unique_for_overwrite<char[]>(capacity);
        copy_text(storage.get(), text());
        storage_ = std::move(storage);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

}  // namespace fairlead
