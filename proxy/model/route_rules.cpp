#include "proxy/model/route_rules.hpp"

#include <algorithm>

namespace fairlead::model {

void AccessList::add(const Entry& entry) {
    const auto goes_first = [](const Entry& a, const Entry& b) {
        if (a.prefix.bits != b.prefix.bits) return a.prefix.bits > b.prefix.bits;
        return !a.is_allowed && b.is_allowed;
    };
    entries_.insert(std::upper_bound(entries_.begin(), entries_.end(), entry, goes_first), entry);
    allows_expressly_ |= entry.is_allowed;
}

bool AccessList::admits(const std::optional<IpBytes>& address) const noexcept {
    if (address) {
        const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
            return entry.prefix.contains(*address);
        });
        if (at != entries_.end()) return at->is_allowed;
    }
    return !allows_expressly_;
}

std::string AccessList::text() const {
    const bool allows_nobody =
        allows_expressly_ && std::none_of(entries_.begin(), entries_.end(),
                                          [](const auto& entry) { return entry.is_allowed; });
    std::string text(allows_nobody ? "allow nobody" : "");
    for (const auto& entry : entries_) {
        text.append(text.empty() ? "" : ", ").append(entry.is_allowed ? "allow " : "deny ");
        text.append(to_string(entry.prefix));
    }
    return text;
}

std::string to_string(const Split& split) {
    switch (split.by) {
        case Split::By::client_ip:
            return "client_ip";
        case Split::By::cookie:
            return "cookie:" + split.cookie;
        case Split::By::request:
            break;
    }
    return "request";
}

}  // namespace fairlead::model
