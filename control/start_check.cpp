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

bool has_any_port(const model::Address& address) {
    return address.kind == model::Address::Kind::tcp && address.port == 0;
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
            return *other.address == *one->address && !has_any_port(*one->address);
        });
        if (twin != one)
            problems.push_back(fmt::format("{}: {} has the same address", name, twin->what));
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
