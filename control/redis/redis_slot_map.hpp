// Which master of a cluster has which slots, as CLUSTER SLOTS tells it.
//
// Threads: any (value).
#pragma once

#include "control/redis/redis_reply.hpp"
#include "control/redis/redis_slot.hpp"
#include "proxy/base/checked.hpp"
#include "proxy/model/address.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace fairlead::control {

class RedisSlotMap {
public:
    /// `from`: who answered; where the answer leaves a host out, it is that one's.
    static Checked<RedisSlotMap> read(const RedisReply& reply, const model::Address& from);

    /// Sorted, each once.
    const std::vector<model::Address>& masters() const noexcept { return masters_; }

    /// Null: nobody has it.
    const model::Address* master_of(std::uint16_t slot) const noexcept;

    bool operator==(const RedisSlotMap&) const = default;

private:
    static constexpr std::uint16_t nobody = 0xffff;

    std::vector<model::Address> masters_;
    std::vector<std::uint16_t> owners_;  // an index of masters_ for each slot; empty: not read yet
};

/// "MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381".
struct RedisRedirect {
    bool is_ask = false;  // this once; else from now on
    model::Address to;
};

/// None: the text is neither. `from`: as above.
std::optional<RedisRedirect> redirect_in(const std::string& error, const model::Address& from);

}  // namespace fairlead::control
