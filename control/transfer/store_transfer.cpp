#include "control/transfer/store_transfer.hpp"

#include "control/store/shown_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::control {
namespace {

using Kind = StoreChange::Kind;

void append_settings(std::vector<StoreChange>& changes, const StoreContents& contents) {
    for (const auto& [url, backend] : contents.frontends)
        changes.push_back({Kind::set_frontend, url, {}, backend});
    for (const auto& [name, backend] : contents.backends) {
        for (const auto& [address, score] : backend.servers)
            changes.push_back({Kind::set_server, name, address, score});
        for (const auto& [key, value] : backend.config)
            changes.push_back({Kind::set_config, name, key, value});
    }
}

bool has_all(const Backend& whole, const Backend& part) {
    // Redis keeps no order in large hashes.
    const auto has_server = [&](const auto& server) {
        return std::find(whole.servers.begin(), whole.servers.end(), server) != whole.servers.end();
    };
    const auto has_entry = [&](const auto& entry) {
        const auto at = whole.config.find(entry.first);
        return at != whole.config.end() && at->second == entry.second;
    };
    return (whole == part) || (std::all_of(part.servers.begin(), part.servers.end(), has_server) &&
                               std::all_of(part.config.begin(), part.config.end(), has_entry));
}

/// The first key of `part` that `whole` does not have as it is there; empty: it has all.
std::string first_missing(const StoreContents& whole, const StoreContents& part) {
    for (const auto& [url, backend] : part.frontends) {
        const auto at = whole.frontends.find(url);
        if (at == whole.frontends.end() || at->second != backend)
            return std::string(frontend_prefix) + shown(url);
    }
    for (const auto& [name, backend] : part.backends) {
        const auto at = whole.backends.find(name);
        if (at == whole.backends.end() || !has_all(at->second, backend))
            return std::string(backend_prefix) + shown(name);
    }
    return {};
}

Checked<> verify(StorePlace& to, const StoreContents& wanted, Existing existing) {
    if (!to.can_be_read_again()) return {};
    const auto found = to.read();
    if (!found) return found.error();
    if (const auto missing = first_missing(found->contents, wanted); !missing.empty())
        return problem("{} is not in {} as it was written", missing, to.name());
    if (existing == Existing::keep) return {};
    if (const auto extra = first_missing(wanted, found->contents); !extra.empty())
        return problem("{} is in {} though it was to be replaced", extra, to.name());
    return {};
}

std::string counted(std::size_t count, std::string_view one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string summary(const StoreImage& image) {
    std::size_t servers = 0;
    std::size_t config = 0;
    for (const auto& [name, backend] : image.contents.backends) {
        servers += backend.servers.size();
        config += backend.config.size();
    }
    return fmt::format("{}, {} with {} and {}",
                       counted(image.contents.frontends.size(), "frontend"),
                       counted(image.contents.backends.size(), "backend"),
                       counted(servers, "server"), counted(config, "config value"));
}

}  // namespace

std::vector<StoreChange> changes_to(const StoreContents& before, const StoreContents& contents,
                                    Existing existing) {
    std::vector<StoreChange> changes;
    if (existing == Existing::replace) {
        for (const auto& [url, backend] : before.frontends) {
            if (!contents.frontends.contains(url))
                changes.push_back({Kind::delete_frontend, url, {}, {}});
        }
        for (const auto& [name, backend] : before.backends)
            changes.push_back({Kind::delete_backend, name, {}, {}});
    }
    append_settings(changes, contents);
    return changes;
}

Checked<Transferred> transfer(StorePlace& from, StorePlace& to, Existing existing) {
    const auto image = from.read();
    if (!image) return image.error();
    if (const auto written = to.write(image->contents, existing); !written) return written.error();
    if (const auto verified = verify(to, image->contents, existing); !verified)
        return verified.error();
    Transferred done;
    done.summary = fmt::format("{}: {} -> {}", summary(*image), from.name(), to.name());
    for (const auto& [key, why] : image->refused)
        done.left_out.push_back(fmt::format("{}: {}", shown(key), why));
    return done;
}

}  // namespace fairlead::control
