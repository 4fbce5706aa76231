// Where something that was configured comes from, for people.
//
// Threads: any (values).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::model {

/// In order of precedence: where two sources name the same route, the earlier wins.
enum class SourceKind : std::uint8_t { file, store, docker };
inline constexpr std::size_t source_kind_count = 3;
std::string_view to_string(SourceKind kind) noexcept;  // "file", "store", "docker"

struct Origin {
    SourceKind source = SourceKind::file;
    std::string place;  // "fairlead.yaml:12:5", "frontend:site.com/a/", "container web-1 label
                        // fairlead.host"

    bool operator==(const Origin&) const = default;
};
std::string to_string(const Origin& origin);  // "docker: container web-1 label fairlead.host"

}  // namespace fairlead::model
