// Memory of coroutine frames, kept for the next coroutine of about the same size: a request makes a
// dozen frames, and every request the same ones.
//
// Threads: each has a pool of its own; a frame is freed on the thread that made it.
// Cost: a handful of instructions. Keeps at most most_kept frames of each size.
#pragma once

#include <cstddef>

namespace fairlead::net {

class FramePool {
public:
    static constexpr std::size_t step = 64;
    static constexpr std::size_t largest = 2048;  // larger frames come from the heap
    static constexpr std::size_t most_kept = 512;

    static void* allocate(std::size_t size);
    static void release(void* frame, std::size_t size) noexcept;

    /// Gives what this thread keeps back to the heap. At the thread's end.
    static void clear() noexcept;
};

}  // namespace fairlead::net
