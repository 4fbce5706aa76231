#include "control/embedded/store_text.hpp"

#include "control/api/json_text.hpp"
#include "control/store/store_changes.hpp"

#include <boost/crc.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <optional>

namespace fairlead::control {
namespace {

namespace json = boost::json;
using Kind = StoreChange::Kind;

constexpr std::string_view checksum_key = ",\"crc32\":\"";
constexpr std::size_t checksum_digits = 8;
constexpr std::string_view line_end = "\"}";
constexpr std::size_t checksum_size = checksum_key.size() + checksum_digits + line_end.size();

// Which parts of a change a verb takes, in this order.
struct Verb {
    std::string_view name;
    Kind kind;
    bool has_name;
    bool has_key;
    bool has_value;

    std::size_t size() const {
        return std::size_t{1} + (has_name ? 1 : 0) + (has_key ? 1 : 0) + (has_value ? 1 : 0);
    }
};

constexpr Verb verbs[] = {
    {"set_frontend", Kind::set_frontend, true, false, true},
    {"delete_frontend", Kind::delete_frontend, true, false, false},
    {"set_server", Kind::set_server, true, true, true},
    {"delete_server", Kind::delete_server, true, true, false},
    {"set_config", Kind::set_config, true, true, true},
    {"delete_config", Kind::delete_config, true, true, false},
    {"delete_backend", Kind::delete_backend, true, false, false},
    {"flush", Kind::flush, false, false, false},
};

const Verb& verb_of(Kind kind) {
    return *std::find_if(std::begin(verbs), std::end(verbs),
                         [&](const Verb& verb) { return verb.kind == kind; });
}

void append_checksum(std::string& out, std::size_t begin) {
    boost::crc_32_type crc;
    crc.process_bytes(out.data() + begin, out.size() - begin);
    out.append(checksum_key).append(fmt::format("{:08x}", crc.checksum())).append(line_end);
    out.push_back('\n');
}

void append_changes(std::string& out, const std::vector<StoreChange>& changes) {
    out.append("\"do\":[");
    std::string_view separator = "";
    for (const auto& change : changes) {
        const auto& verb = verb_of(change.kind);
        out.append(separator).append("[\"").append(verb.name).append("\"");
        if (verb.has_name) append_json(out.append(","), change.name);
        if (verb.has_key) append_json(out.append(","), change.key);
        if (verb.has_value) append_json(out.append(","), change.value);
        out.append("]");
        separator = ",";
    }
    out.append("]");
}

void append_snapshot_line(std::string& out, const std::vector<StoreChange>& changes) {
    const auto begin = out.size();
    append_changes(out.append("{"), changes);
    append_checksum(out, begin);
}

std::string time_text(WallTime at) {
    const auto since = at.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(since - seconds);
    const auto whole = static_cast<std::time_t>(seconds.count());
    std::tm utc = {};
    ::gmtime_r(&whole, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       rest.count());
}

/// The line without its newline.
bool has_good_checksum(std::string_view line) {
    if (line.size() < checksum_size || !line.ends_with(line_end)) return false;
    const auto body = line.substr(0, line.size() - checksum_size);
    const auto tail = line.substr(body.size());
    boost::crc_32_type crc;
    crc.process_bytes(body.data(), body.size());
    return tail.starts_with(checksum_key) && tail.substr(checksum_key.size(), checksum_digits) ==
                                                 fmt::format("{:08x}", crc.checksum());
}

/// None: not what this version writes.
std::optional<StoreChange> change_of(const json::value& value) {
    const auto* const parts = value.if_array();
    if (parts == nullptr || parts->empty()) return std::nullopt;
    for (const auto& part : *parts) {
        if (!part.is_string()) return std::nullopt;
    }
    const auto text = [&](std::size_t i) { return std::string((*parts)[i].get_string()); };
    const auto* const verb = std::find_if(std::begin(verbs), std::end(verbs),
                                          [&](const Verb& row) { return row.name == text(0); });
    if (verb == std::end(verbs) || parts->size() != verb->size()) return std::nullopt;
    StoreChange change{verb->kind, {}, {}, {}};
    std::size_t i = 1;
    if (verb->has_name) change.name = text(i++);
    if (verb->has_key) change.key = text(i++);
    if (verb->has_value) change.value = text(i++);
    return change;
}

/// None: the line does not count.
std::optional<json::object> read_line(std::string_view line) {
    if (!has_good_checksum(line)) return std::nullopt;
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // names are bytes: what a client sent comes back
    boost::system::error_code ec;
    auto value = json::parse(json::string_view(line.data(), line.size()), ec, {}, options);
    if (ec || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

bool apply_line(StoreContents& contents, const json::object& line) {
    const auto* const list = line.if_contains("do");
    if (list == nullptr || !list->is_array()) return false;
    std::vector<StoreChange> changes;
    for (const auto& item : list->get_array()) {
        auto change = change_of(item);
        if (!change) return false;
        changes.push_back(std::move(*change));
    }
    apply_changes(contents, changes);
    return true;
}

int version_in(const json::object& header) {
    const auto* const version = header.if_contains("fairlead_store");
    return version != nullptr && version->is_int64() ? static_cast<int>(version->get_int64()) : 0;
}

}  // namespace

std::string store_line(const std::vector<StoreChange>& changes, std::string_view who, WallTime at) {
    std::string out = fmt::format("{{\"at\":\"{}\",\"by\":", time_text(at));
    append_json(out, who);
    append_changes(out.append(","), changes);
    append_checksum(out, 0);
    return out;
}

std::string store_text(const StoreContents& contents) {
    std::string out = fmt::format("{{\"fairlead_store\":{}", store_version);
    append_checksum(out, 0);
    std::vector<StoreChange> changes;
    for (const auto& [url, backend] : contents.frontends) {
        changes.assign({{Kind::set_frontend, url, {}, backend}});
        append_snapshot_line(out, changes);
    }
    for (const auto& [name, backend] : contents.backends) {
        changes.clear();
        for (const auto& [address, score] : backend.servers)
            changes.push_back({Kind::set_server, name, address, score});
        for (const auto& [key, value] : backend.config)
            changes.push_back({Kind::set_config, name, key, value});
        append_snapshot_line(out, changes);
    }
    return out;
}

StoreReading read_store_text(std::string_view text) {
    StoreReading reading;
    std::size_t at = 0;
    for (bool is_first = true; at < text.size(); is_first = false) {
        const auto newline = text.find('\n', at);
        if (newline == std::string_view::npos) break;  // torn: it was never confirmed
        const auto line = read_line(text.substr(at, newline - at));
        at = newline + 1;
        bool counts = line.has_value();
        if (counts && is_first) {
            reading.version = version_in(*line);
            if (reading.version != store_version) return reading;
        } else if (counts) {
            counts = apply_line(reading.contents, *line);
        }
        if (counts) {
            reading.end = at;
        } else {
            ++reading.damaged;
        }
    }
    return reading;
}

}  // namespace fairlead::control
