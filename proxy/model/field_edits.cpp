#include "proxy/model/field_edits.hpp"

#include "proxy/base/ascii.hpp"

#include <algorithm>

namespace fairlead::model {
namespace {

// RFC 9110 7.6.1 and RFC 9112 6: what says where a message ends or how a connection goes on.
constexpr std::string_view of_framing[] = {"connection", "content-length",    "http2-settings",
                                           "keep-alive", "proxy-connection",  "te",
                                           "trailer",    "transfer-encoding", "upgrade"};

constexpr std::string_view of_requests[] = {
    "expect",           "forwarded",        "host",
    "traceparent",      "tracestate",       "x-forwarded-for",
    "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto",
    "x-amzn-trace-id"};

template <std::size_t size>
bool is_one_of(const std::string_view (&names)[size], std::string_view lowered) {
    return std::find(std::begin(names), std::end(names), lowered) != std::end(names);
}

/// The name in lower case.
Checked<std::string> editable(FieldEdits::Of of, std::string_view name) {
    if (!is_field_name(name)) return problem("'{}' is not a header's name", name);
    auto lowered = ascii::lower(name);
    if (is_one_of(of_framing, lowered)) {
        return problem(
            "{} frames messages or belongs to one connection; allowed: headers that pass from end "
            "to end",
            name);
    }
    if (of == FieldEdits::Of::request && lowered == "host")
        return problem("Host is not edited as a header; allowed: rewrite.host");
    if (of == FieldEdits::Of::request && is_one_of(of_requests, lowered))
        return problem("{} is written by Fairlead itself; allowed: any other header", name);
    return lowered;
}

Checked<> check_value(std::string_view name, std::string_view value) {
    const bool is_bad = std::any_of(value.begin(), value.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    if (is_bad) return problem("the value of {} has a control character", name);
    return {};
}

}  // namespace

bool is_field_name(std::string_view text) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return ascii::is_alnum(c) || others.find(c) != std::string_view::npos;
    });
}

Checked<> FieldEdits::set(Of of, std::string_view name, std::string_view value) {
    if (const auto added = add(of, name, value); !added) return added.error();
    return remove(of, name);
}

Checked<> FieldEdits::add(Of of, std::string_view name, std::string_view value) {
    const auto lowered = editable(of, name);
    if (!lowered) return lowered.error();
    value = ascii::trim(value);
    if (const auto good = check_value(name, value); !good) return good.error();
    added_.append(name).append(": ").append(value).append("\r\n");
    return {};
}

Checked<> FieldEdits::remove(Of of, std::string_view name) {
    auto lowered = editable(of, name);
    if (!lowered) return lowered.error();
    removed_.push_back(std::move(*lowered));
    return {};
}

bool FieldEdits::removes(std::string_view name) const noexcept {
    return std::any_of(removed_.begin(), removed_.end(),
                       [&](const auto& lowered) { return ascii::iequals(name, lowered); });
}

}  // namespace fairlead::model
