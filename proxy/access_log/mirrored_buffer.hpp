// Memory for a ring: the same bytes stand twice in the address space, one copy behind the other, so
// that what goes over the ring's end is still one piece.
//
// Threads: any (the owner decides who writes where). The pages come into being when first touched.
#pragma once

#include "proxy/base/checked.hpp"

#include <cstddef>

namespace fairlead::access_log {

class MirroredBuffer {
public:
    /// Requires: `size` is a power of two and a multiple of the page size.
    static Checked<MirroredBuffer> make(std::size_t size);
    ~MirroredBuffer();
    MirroredBuffer(MirroredBuffer&& other) noexcept;
    MirroredBuffer& operator=(MirroredBuffer&&) = delete;

    std::size_t size() const noexcept { return size_; }
    /// Where byte number `position` of an endless sequence stands; size() bytes from there are one
    /// piece.
    char* at(std::size_t position) const noexcept { return data_ + (position & (size_ - 1)); }

private:
    MirroredBuffer(char* data, std::size_t size) noexcept : data_(data), size_(size) {}

    char* data_;
    std::size_t size_;
};

}  // namespace fairlead::access_log
