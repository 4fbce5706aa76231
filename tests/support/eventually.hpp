// Waits for a condition with a deadline: the only place in the tests that sleeps.
//
// Threads: the test's.
#pragma once

#include <chrono>
#include <thread>

namespace fairlead::test {

/// False: it did not hold within `patience`.
template <class Condition>
bool eventually(std::chrono::milliseconds patience, Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

/// Within ten seconds: longer than anything on loopback takes.
template <class Condition>
bool eventually(Condition&& condition) {
    return eventually(std::chrono::seconds(10), condition);
}

}  // namespace fairlead::test
