// Byte buffers that connections borrow while they have something to read.
//
// Threads: one worker.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::net {

class BufferPool;

/// Storage with a filled range, given back to its pool at the end. Empty: no storage.
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept
        : pool_(other.pool_),
          storage_(std::move(other.storage_)),
          capacity_(std::exchange(other.capacity_, 0)),
          begin_(std::exchange(other.begin_, 0)),
          end_(std::exchange(other.end_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        reset();
        pool_ = other.pool_;
        storage_ = std::move(other.storage_);
        capacity_ = std::exchange(other.capacity_, 0);
        begin_ = std::exchange(other.begin_, 0);
        end_ = std::exchange(other.end_, 0);
        return *this;
    }
    ~Buffer() { reset(); }

    /// Gives the storage back now.
    void reset() noexcept {
        if (storage_) give_back();
    }

    explicit operator bool() const noexcept { return storage_ != nullptr; }
    std::size_t capacity() const noexcept { return capacity_; }

    std::string_view filled() const noexcept { return {storage_.get() + begin_, end_ - begin_}; }
    char* filled_begin() noexcept { return storage_.get() + begin_; }
    std::size_t filled_size() const noexcept { return end_ - begin_; }
    /// What stood in front of the filled range: nobody needs it any more.
    std::span<char> consumed() noexcept { return {storage_.get(), begin_}; }
    std::span<char> space() noexcept { return {storage_.get() + end_, capacity_ - end_}; }

    void commit(std::size_t n) noexcept { end_ += n; }
    void consume(std::size_t n) noexcept {
        begin_ += n;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    /// Takes back what was committed last.
    void truncate(std::size_t n) noexcept { end_ -= n; }
    void clear() noexcept { begin_ = end_ = 0; }

    /// Moves the filled range to the front. Views into it move with it.
    void compact() noexcept {
        if (begin_ == 0) return;
        std::memmove(storage_.get(), storage_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }

private:
    friend class BufferPool;

    void give_back() noexcept;

    BufferPool* pool_ = nullptr;
    std::unique_ptr<char[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// Keeps buffers of two sizes for reuse; larger ones are made and freed.
class BufferPool {
public:
    static constexpr std::size_t small = 16 * 1024;  // a head and a small body
    // A body that goes on. 64 KiB cost 1.4 times as much a byte, for the events and window updates
    // of four times as many reads; 512 KiB save another tenth and are too much to tie up.
    static constexpr std::size_t large = 256 * 1024;

    BufferPool() = default;
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    /// A buffer of at least `size`.
    Buffer borrow(std::size_t size) {
        Buffer buffer;
        buffer.pool_ = this;
        auto* const kept = size <= small ? &small_ : size <= large ? &large_ : nullptr;
        buffer.capacity_ = size <= small ? small : size <= large ? large : size;
        if (kept != nullptr && !kept->empty()) {
            buffer.storage_ = std::move(kept->back());
            kept->pop_back();
        } else {
            buffer.storage_.reset(new char[buffer.capacity_]);
        }
        return buffer;
    }

    /// A larger buffer with what `buffer` holds.
    Buffer grown(const Buffer& buffer, std::size_t size) {
        Buffer larger = borrow(size);
        const auto filled = buffer.filled();
        std::memcpy(larger.space().data(), filled.data(), filled.size());
        larger.commit(filled.size());
        return larger;
    }

    /// Room behind what `buffer` holds: that moves to its front, or into a larger one. The caller
    /// sees to it that this ends.
    void make_room(Buffer& buffer) {
        if (buffer.space().empty()) buffer.compact();
        if (buffer.space().empty()) buffer = grown(buffer, buffer.capacity() * 2);
    }

private:
    friend class Buffer;

    static constexpr std::size_t most_small_kept = 256;
    static constexpr std::size_t most_large_kept = 16;

    void give_back(std::unique_ptr<char[]> storage, std::size_t capacity) {
        if (capacity == small && small_.size() < most_small_kept) {
            small_.push_back(std::move(storage));
        } else if (capacity == large && large_.size() < most_large_kept) {
            large_.push_back(std::move(storage));
        }
    }

    std::vector<std::unique_ptr<char[]>> small_;
    std::vector<std::unique_ptr<char[]>> large_;
};

[[gnu::noinline]] inline void Buffer::give_back() noexcept {
    pool_->give_back(std::move(storage_), capacity_);
    begin_ = end_ = capacity_ = 0;
}

}  // namespace fairlead::net
