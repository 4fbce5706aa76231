#include "control/start_check.hpp"

#include "proxy/net/socket_address.hpp"
#include "proxy/net/tls.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::control {
namespace {

struct Bound {
    std::string_view what;
    const model::Address* address;
};

/// Whether the kernel would refuse the second of them.
bool clash(const model::Address& one, const model::Address& other) {
    using Kind = model::Address::Kind;
    if (one.kind != Kind::tcp || other.kind != Kind::tcp) return one == other;
    if (one.port != other.port || one.port == 0) return false;
    if (one.host == other.host) return true;
    const auto is_v6 = [](const model::Address& of) { return of.host.find(':') != of.host.npos; };
    const std::string_view all = is_v6(one) ? "::" : "0.0.0.0";
    return is_v6(one) == is_v6(other) && (one.host == all || other.host == all);
}

}  // namespace

std::vector<std::string> problems_at_start(const model::ProcessSettings& settings) {
    std::vector<Bound> all;
    for (const auto& listener : settings.listeners) all.push_back({"listener", &listener.bind});
    all.push_back({"api", &settings.api.bind});
    all.push_back({"health", &settings.health});
    all.push_back({"admin", &settings.admin});

    std::vector<std::string> problems;
    for (auto one = all.begin(); one != all.end(); ++one) {
        const auto name = fmt::format("{} {}", one->what, to_string(*one->address));
        if (!net::socket_address_of(*one->address)) {
            problems.push_back(
                fmt::format("{}: needs a numeric address, such as 0.0.0.0:8080", name));
        }
        const auto twin = std::find_if(all.begin(), one, [&](const Bound& other) {
            return clash(*other.address, *one->address);
        });
        if (twin != one) {
            problems.push_back(fmt::format("{}: {} {} has that address already", name, twin->what,
                                           to_string(*twin->address)));
        }
    }
    for (const auto& listener : settings.listeners) {
        if (!listener.tls) continue;
        if (const auto tls = net::TlsContext::load(*listener.tls); !tls) {
            problems.push_back(
                fmt::format("listener {}: {}", to_string(listener.bind), tls.error().text()));
        }
    }
    return problems;
}

}  // namespace fairlead::control
