// Memory of coroutine frames, kept for the next coroutine of about the same size: a request makes a
// dozen frames, and every request the same ones.
//
// Threads: each has a pool of its own; a frame is freed on the thread that made it.
// Cost: a handful of instructions. Keeps at most most_kept frames of each size.
#pragma once

#include <array>
#include <cstddef>
#include <new>

// AddressSanitizer must see a frame's end as the end of its memory.
#if defined(__SANITIZE_ADDRESS__)
#define FAIRLEAD_KEEP_FRAMES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FAIRLEAD_KEEP_FRAMES 0
#endif
#endif
#ifndef FAIRLEAD_KEEP_FRAMES
#define FAIRLEAD_KEEP_FRAMES 1
#endif

namespace fairlead::net {

class FramePool {
public:
    static constexpr std::size_t step = 64;
    static constexpr std::size_t largest = 2048;  // larger frames come from the heap
    static constexpr std::size_t most_kept = 512;

    static void* allocate(std::size_t size) {
        if (!FAIRLEAD_KEEP_FRAMES || size > largest) return ::operator new(size);
        auto& kept = kept_[class_of(size)];
        if (kept.first == nullptr) return ::operator new(class_of(size) * step);
        auto* const frame = kept.first;
        kept.first = frame->next;
        --kept.count;
        return frame;
    }

    static void release(void* frame, std::size_t size) noexcept {
        if (!FAIRLEAD_KEEP_FRAMES || size > largest) return ::operator delete(frame);
        auto& kept = kept_[class_of(size)];
        if (kept.count == most_kept) return ::operator delete(frame);
        kept.first = new (frame) Free{kept.first};
        ++kept.count;
    }

    /// Gives what this thread keeps back to the heap. At the thread's end.
    static void clear() noexcept;

private:
    struct Free {
        Free* next;
    };
    struct Kept {
        Free* first = nullptr;
        std::size_t count = 0;
    };

    static constexpr std::size_t class_of(std::size_t size) noexcept {
        return (size + step - 1) / step;
    }

    static thread_local constinit std::array<Kept, largest / step + 1> kept_;
};

}  // namespace fairlead::net
