#include "control/api/api_guard.hpp"

#include "control/api/redx_answers.hpp"
#include "proxy/base/ascii.hpp"

namespace fairlead::control {
namespace {

constexpr std::string_view scheme = "bearer ";

/// Empty: no such field, or another scheme.
std::string_view shown_token(const HttpRequest& request) {
    auto value = request.field("authorization");
    if (!ascii::iequals(value.substr(0, scheme.size()), scheme)) return {};
    value.remove_prefix(scheme.size());
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    return value;
}

bool only_reads(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

}  // namespace

bool is_same_secret(std::string_view one, std::string_view other) noexcept {
    if (one.size() != other.size()) return false;
    // Volatile: no compiler may stop at the first difference.
    volatile unsigned char differences = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
        const auto difference = static_cast<unsigned char>(one[i] ^ other[i]);
        differences = static_cast<unsigned char>(differences | difference);
    }
    return differences == 0;
}

std::optional<HttpReply> ApiGuard::refuse(const HttpRequest& request, bool is_open) const {
    if (is_open) return std::nullopt;
    if (token_.empty()) {
        // A page that a browser on this machine shows is not this machine's doing (Fetch, 3.1).
        const bool is_page = !request.field("origin").empty();
        if (only_reads(request.method) || (request.is_local && !is_page)) return std::nullopt;
        if (request.is_local) return redx_answer(403, "Pages in a browser may not write");
        return redx_answer(403,
                           "Only clients on this machine may write: from elsewhere it takes a "
                           "token, see api.token in the configuration");
    }
    const auto shown = shown_token(request);
    if (!shown.empty() && is_same_secret(shown, token_)) return std::nullopt;
    auto reply = redx_answer(401, shown.empty() ? "A token is needed: Authorization: Bearer TOKEN"
                                                : "The token is wrong");
    reply.fields.emplace_back("WWW-Authenticate",
                              shown.empty() ? "Bearer realm=\"fairlead\""
                                            : "Bearer realm=\"fairlead\", error=\"invalid_token\"");
    return reply;
}

}  // namespace fairlead::control
