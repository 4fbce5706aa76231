// The rows of store.* that are about what is done with what Redis holds.
#include "control/config/config_setters.hpp"

#include <charconv>
#include <string_view>

namespace fairlead::control::set {
namespace {

constexpr unsigned guard_off = 100;  // more than all is never lost

}  // namespace

Checked<> store_watch(Draft& draft, const Value& value) {
    draft.process.store.watch = static_cast<model::StoreSettings::Watch>(value.number);
    return {};
}

Checked<> store_hipache(Draft& draft, const Value& value) {
    draft.process.store.hipache = value.text == "true";
    return {};
}

Checked<> store_last_good(Draft& draft, const Value& value) {
    if (value.text.empty()) return problem("it is empty; allowed: a file, or off");
    draft.process.store.last_good = value.text;
    return {};
}

Checked<> store_mass_delete_guard(Draft& draft, const Value& value) {
    auto& guard = draft.process.store.mass_delete_guard;
    const std::string_view text = value.text;
    if (text == "off") {
        guard = guard_off;
        return {};
    }
    const auto* const end = text.data() + text.size();
    const auto [at, ec] = std::from_chars(text.data(), end, guard);
    const bool is_percent = ec == std::errc{} && std::string_view(at, end) == "%";
    if (!is_percent || guard < 1 || guard >= guard_off)
        return problem("'{}' is no share of the routes; allowed: 1% to 99%, or off", text);
    return {};
}

Checked<> store_mass_delete_hold(Draft& draft, const Value& value) {
    draft.process.store.mass_delete_hold = value.duration();
    return {};
}

}  // namespace fairlead::control::set
