// The facts about one service that outlive snapshots: what each worker counted, and where its
// balancing stands.
//
// Threads: cell(i): worker i writes, any reads the counters. The cursor is worker i's alone.
#pragma once

#include "proxy/base/random.hpp"
#include "proxy/metrics/counter.hpp"
#include "proxy/metrics/histogram.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fairlead::model {

/// What a balancing policy may change per pick. One for each worker and service.
struct Cursor {
    Random random{1};
    std::uint32_t position = 0;
};

class ServiceState {
public:
    struct alignas(64) Cell {
        std::array<metrics::Counter, 6>
            by_status_class;  // [1] 1xx ... [5] 5xx; [0]: no answer was given
        metrics::Histogram latency;
        Cursor cursor;
    };

    explicit ServiceState(std::size_t workers) : cells_(workers) {
        for (std::size_t i = 0; i < workers; ++i)
            cells_[i].cursor.random = Random(0x9E3779B97F4A7C15ULL + i);
    }
    ServiceState(const ServiceState&) = delete;
    ServiceState& operator=(const ServiceState&) = delete;

    Cell& cell(std::size_t worker) noexcept { return cells_[worker]; }
    const std::vector<Cell>& cells() const noexcept { return cells_; }

private:
    std::vector<Cell> cells_;  // never resized
};

using ServiceStatePtr = std::shared_ptr<ServiceState>;

}  // namespace fairlead::model
