#include "control/redis/redis_slot_map.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace fairlead::control {
namespace {

using Type = RedisReply::Type;

struct Range {
    std::int64_t first;
    std::int64_t last;
    model::Address master;
};

/// The host of `from` stands in for one that a node does not know of itself: "", "?", nil.
model::Address address_of(const std::string& host, std::uint16_t port, const model::Address& from) {
    return model::Address::tcp(host.empty() || host == "?" ? from.host : host, port);
}

/// [first, last, [host, port, id ...], replicas ...]
Checked<Range> read_range(const RedisReply& entry, const model::Address& from) {
    const auto& items = entry.items;
    const bool has_shape = items.size() >= 3 && items[2].items.size() >= 2;
    if (!has_shape) return problem("CLUSTER SLOTS was answered with something else");
    const auto first = items[0].integer;
    const auto last = items[1].integer;
    const auto port = items[2].items[1].integer;
    if (first < 0 || last < first || last >= slot_count || port < 1 || port > 65535)
        return problem("CLUSTER SLOTS was answered with slots that there are not");
    const auto& host = items[2].items[0].text;
    return Range{first, last, address_of(host, static_cast<std::uint16_t>(port), from)};
}

}  // namespace

Checked<RedisSlotMap> RedisSlotMap::read(const RedisReply& reply, const model::Address& from) {
    std::vector<Range> ranges;
    RedisSlotMap map;
    for (const auto& entry : reply.items) {
        auto range = read_range(entry, from);
        if (!range) return range.error();
        map.masters_.push_back(range->master);
        ranges.push_back(std::move(*range));
    }
    auto& masters = map.masters_;
    std::sort(masters.begin(), masters.end());
    masters.erase(std::unique(masters.begin(), masters.end()), masters.end());
    map.owners_.assign(slot_count, nobody);
    for (const auto& range : ranges) {
        const auto at = std::lower_bound(masters.begin(), masters.end(), range.master);
        const auto index = static_cast<std::uint16_t>(at - masters.begin());
        std::fill(map.owners_.begin() + range.first, map.owners_.begin() + range.last + 1, index);
    }
    return map;
}

const model::Address* RedisSlotMap::master_of(std::uint16_t slot) const noexcept {
    if (owners_.empty() || owners_[slot] == nobody) return nullptr;
    return &masters_[owners_[slot]];
}

std::optional<RedisRedirect> redirect_in(const std::string& error, const model::Address& from) {
    const bool is_ask = error.starts_with("ASK ");
    if (!is_ask && !error.starts_with("MOVED ")) return std::nullopt;
    const auto space = error.rfind(' ');
    const auto colon = error.rfind(':');
    if (colon == std::string::npos || colon < space) return std::nullopt;
    std::uint16_t port = 0;
    const auto* const last = error.data() + error.size();
    const auto [end, ec] = std::from_chars(error.data() + colon + 1, last, port);
    if (ec != std::errc{} || end != last || port == 0) return std::nullopt;
    const auto host = error.substr(space + 1, colon - space - 1);
    return RedisRedirect{is_ask, address_of(host, port, from)};
}

}  // namespace fairlead::control
