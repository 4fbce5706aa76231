// A sudden loss of most routes (a FLUSHALL by accident, a Redis that came back empty) is not
// believed at once.
//
// The owner shows it every key that is missing now. As long as those of the last seconds are few,
// they may go. Once they are most of the routes or most of the backends, they and all that follow
// are held back, until somebody confirms the loss, it stands for `hold`, or the keys are back.
//
// Threads: control (a value). Cost: O(missing).
#pragma once

#include "control/store/store_image.hpp"
#include "proxy/base/clock.hpp"

#include <cstddef>

namespace fairlead::control {

class MassDeleteGuard {
public:
    struct Settings {
        unsigned percent = 50;  // of the routes or the backends; 100: off
        std::size_t few = 10;   // losses up to this many are always believed
        Duration hold = 60s;    // then the loss is believed
        Duration at_once = 5s;  // what is lost within this time counts together
    };
    enum class Verdict { believed, held_back };

    explicit MassDeleteGuard(Settings settings) : settings_(settings) {}

    /// `missing`: keys that `held` has and the store has no longer.
    Verdict judge(const StoreImage& held, const KeySet& missing, TimePoint now);

    bool is_holding() const noexcept { return !held_back_.empty(); }
    const KeySet& held_back() const noexcept { return held_back_; }
    /// Whether the loss has stood for long enough.
    bool is_over(TimePoint now) const noexcept;
    TimePoint since() const noexcept { return since_; }

    /// Those are there again, or were taken away on purpose. True: now nothing is held back.
    bool release(const std::string& key);
    /// Every key that is held back is released.
    KeySet release_all();

private:
    struct Count {
        std::size_t routes = 0;
        std::size_t backends = 0;
    };

    static Count count(const KeySet& keys);
    bool is_most(std::size_t lost, std::size_t of) const noexcept;

    const Settings settings_;
    KeySet held_back_;
    TimePoint since_ = {};  // held_back_ is not empty since
    // What is lost at once: from the first loss on, for at_once.
    TimePoint window_began_ = {};
    Count window_had_;
    Count window_lost_;
};

}  // namespace fairlead::control
