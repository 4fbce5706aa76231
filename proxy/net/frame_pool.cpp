#include "proxy/net/frame_pool.hpp"

#include <array>
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
namespace {

constexpr std::size_t class_count = FramePool::largest / FramePool::step + 1;

struct Free {
    Free* next;
};

struct Kept {
    Free* first = nullptr;
    std::size_t count = 0;
};

constinit thread_local std::array<Kept, class_count> kept_frames = {};

constexpr std::size_t class_of(std::size_t size) noexcept {
    return (size + FramePool::step - 1) / FramePool::step;
}

}  // namespace

void* FramePool::allocate(std::size_t size) {
    if (!FAIRLEAD_KEEP_FRAMES || size > largest) return ::operator new(size);
    const auto size_class = class_of(size);
    auto& kept = kept_frames[size_class];
    if (kept.first == nullptr) return ::operator new(size_class* step);
    auto* const frame = kept.first;
    kept.first = frame->next;
    --kept.count;
    return frame;
}

void FramePool::release(void* frame, std::size_t size) noexcept {
    if (!FAIRLEAD_KEEP_FRAMES || size > largest) return ::operator delete(frame);
    auto& kept = kept_frames[class_of(size)];
    if (kept.count == most_kept) return ::operator delete(frame);
    kept.first = new (frame) Free{kept.first};
    ++kept.count;
}

void FramePool::clear() noexcept {
    for (auto& kept : kept_frames) {
        while (kept.first != nullptr) {
            auto* const frame = kept.first;
            kept.first = frame->next;
            ::operator delete(frame);
        }
        kept.count = 0;
    }
}

}  // namespace fairlead::net
