#include "proxy/http/client_address.hpp"

#include "proxy/base/ascii.hpp"

#include <algorithm>

namespace fairlead::http {
namespace {

/// ":" and digits, or nothing.
bool is_port_suffix(std::string_view text) noexcept {
    if (text.empty()) return true;
    return text.size() > 1 && text.size() <= 6 && text.front() == ':' &&
           std::all_of(text.begin() + 1, text.end(), ascii::is_digit);
}

/// The last item of a comma list, which it is taken from. "" is an item too.
std::string_view take_last(std::string_view& list) noexcept {
    const auto comma = list.rfind(',');
    const bool is_only = comma == std::string_view::npos;
    const auto item = ascii::trim(is_only ? list : list.substr(comma + 1));
    list = is_only ? std::string_view() : list.substr(0, comma);
    return item;
}

bool is_trusted(const ClientFacts& client, const model::IpBytes& ip) noexcept {
    if (client.trusted_proxies == nullptr) return false;
    return std::any_of(client.trusted_proxies->begin(), client.trusted_proxies->end(),
                       [&](const auto& prefix) { return prefix.contains(ip); });
}

}  // namespace

std::string_view forwarded_ip_text(std::string_view entry) noexcept {
    if (entry.starts_with('[')) {
        const auto end = entry.find(']');
        if (end == std::string_view::npos || !is_port_suffix(entry.substr(end + 1))) return {};
        return entry.substr(1, end - 1);
    }
    const auto colon = entry.find(':');
    if (colon == std::string_view::npos || entry.find(':', colon + 1) != std::string_view::npos)
        return entry;  // IPv4 or IPv6 without a port
    return is_port_suffix(entry.substr(colon)) ? entry.substr(0, colon) : std::string_view();
}

void ClientAddress::find() noexcept {
    if (is_found_) return;
    is_found_ = true;
    text_ = client_.ip;
    if (!client_.is_trusted) return;
    for (auto field = head_.fields.rbegin(); field != head_.fields.rend(); ++field) {
        if (field->id != FieldId::x_forwarded_for) continue;
        for (auto list = field->value; !list.empty();) {
            const auto text = forwarded_ip_text(take_last(list));
            const auto ip = model::read_ip(text);
            if (!ip) return;
            text_ = text;
            ip_ = ip;
            if (!is_trusted(client_, *ip)) return;
        }
    }
}

}  // namespace fairlead::http
