#include "proxy/net/frame_pool.hpp"

namespace fairlead::net {

thread_local constinit std::array<FramePool::Kept, FramePool::largest / FramePool::step + 1>
    FramePool::kept_ = {};

void FramePool::clear() noexcept {
    for (auto& kept : kept_) {
        while (kept.first != nullptr) {
            auto* const frame = kept.first;
            kept.first = frame->next;
            ::operator delete(frame);
        }
        kept.count = 0;
    }
}

}  // namespace fairlead::net
