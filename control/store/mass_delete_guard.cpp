#include "control/store/mass_delete_guard.hpp"

#include <utility>

namespace fairlead::control {

MassDeleteGuard::Count MassDeleteGuard::count(const KeySet& keys) {
    Count count;
    for (const auto& key : keys) {
        ++(key.starts_with(frontend_prefix) ? count.routes : count.backends);
    }
    return count;
}

bool MassDeleteGuard::is_most(std::size_t lost, std::size_t of) const noexcept {
    return lost > settings_.few && lost * 100 > of * settings_.percent;
}

MassDeleteGuard::Verdict MassDeleteGuard::judge(const StoreImage& held, const KeySet& missing,
                                                TimePoint now) {
    if (missing.empty()) return Verdict::believed;
    if (is_holding()) {
        held_back_.insert(missing.begin(), missing.end());
        return Verdict::held_back;
    }
    if (now - window_began_ > settings_.at_once) {
        window_began_ = now;
        window_had_ = {held.routes(), held.contents.backends.size()};
        window_lost_ = {};
    }
    const auto lost = count(missing);
    window_lost_.routes += lost.routes;
    window_lost_.backends += lost.backends;
    if (!is_most(window_lost_.routes, window_had_.routes) &&
        !is_most(window_lost_.backends, window_had_.backends)) {
        return Verdict::believed;
    }
    held_back_ = missing;
    since_ = now;
    return Verdict::held_back;
}

bool MassDeleteGuard::is_over(TimePoint now) const noexcept {
    return is_holding() && now - since_ >= settings_.hold;
}

bool MassDeleteGuard::release(const std::string& key) {
    return held_back_.erase(key) > 0 && held_back_.empty();
}

KeySet MassDeleteGuard::release_all() {
    window_began_ = {};
    return std::exchange(held_back_, {});
}

}  // namespace fairlead::control
