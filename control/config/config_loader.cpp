#include "control/config/config_loader.hpp"

#include "control/config/config_schema.hpp"
#include "control/config/near_names.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace fairlead::control {
namespace {

/// `${NAME}` and `${NAME:-default}`; `$${` stands for `${`.
Checked<std::string> substitute(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto at = text.find("${");
        out.append(text.substr(0, at));
        if (at == std::string_view::npos) break;
        if (at > 0 && text[at - 1] == '$') {
            out.push_back('{');
            text.remove_prefix(at + 2);
            continue;
        }
        const auto end = text.find('}', at);
        if (end == std::string_view::npos)
            return problem("'${{' without '}}'; allowed: ${{NAME}} or ${{NAME:-default}}");
        const auto inside = text.substr(at + 2, end - at - 2);
        const auto dash = inside.find(":-");
        const std::string name(inside.substr(0, dash));
        const char* const set = std::getenv(name.c_str());
        const bool has_default = dash != std::string_view::npos;
        if (name.empty())
            return problem("'${{}}' names no variable; allowed: ${{NAME}} or ${{NAME:-default}}");
        if (set == nullptr && !has_default) {
            return problem(
                "the environment variable {} is not set; allowed: set it, or write "
                "${{{}:-default}}",
                name, name);
        }
        // As in a shell, ":-" also stands in for a variable that is set to nothing.
        const bool use_default = has_default && (set == nullptr || *set == '\0');
        out.append(use_default ? inside.substr(dash + 2) : std::string_view(set));
        text.remove_prefix(end + 1);
    }
    return out;
}

/// A scalar as it stands, a list of them as [a, b]: to compare with what an unsupported key may
/// say.
std::string as_written(const YAML::Node& node) {
    if (node.IsScalar()) return node.Scalar();
    std::string out;
    if (!node.IsSequence()) return out;
    for (const auto& item : node) {
        out.append(out.empty() ? "[" : ", ").append(item.IsScalar() ? item.Scalar() : "?");
    }
    return out + "]";
}

/// Walks the file along the schema and fills the draft, noting every problem on the way.
class Walk {
public:
    Walk(std::string file, LoadedConfig& into)
        : file_(std::move(file)), problems_(into.problems), given_(into.given) {
        draft_.file = file_;
    }

    void read(const YAML::Node& root);
    Draft take() && { return std::move(draft_); }

    void note(const YAML::Mark& mark, std::string_view key, std::string text) {
        problems_.push_back(
            {file_, line_of(mark), column_of(mark), std::string(key), std::move(text)});
    }

private:
    // One thing being read: its row, and how it is called in messages.
    struct At {
        const KeyRow& row;
        std::string shown;
        std::string name;  // the last part of it
    };

    void value(const YAML::Node& node, const At& at, const YAML::Mark& mark);
    void section(const YAML::Node& node, const At& at, const YAML::Mark& mark);
    void pairs(const YAML::Node& node, const At& at);
    void pair(const YAML::Node& node, const At& at, const std::string& name,
              const YAML::Mark& mark);
    void list(const YAML::Node& node, const At& at, const YAML::Mark& mark);
    void text(const YAML::Node& node, const At& at, const YAML::Mark& mark);
    void unsupported(const YAML::Node& node, const At& at, const YAML::Mark& mark);
    void unknown(const At& parent, const std::string& name, const YAML::Mark& mark);
    void require_all(const YAML::Node& node, const At& at, const YAML::Mark& mark);
    void remember(const At& at, std::string value, const YAML::Mark& mark);

    std::string place_of(const YAML::Mark& mark) const {
        return fmt::format("{}:{}:{}", file_, line_of(mark), column_of(mark));
    }
    static std::size_t line_of(const YAML::Mark& mark) {
        return mark.is_null() ? 0 : static_cast<std::size_t>(mark.line) + 1;
    }
    static std::size_t column_of(const YAML::Mark& mark) {
        return mark.is_null() ? 0 : static_cast<std::size_t>(mark.column) + 1;
    }

    std::string file_;
    std::vector<ConfigProblem>& problems_;
    std::vector<GivenSetting>& given_;
    Draft draft_;
};

std::string joined(std::string_view parent, std::string_view name) {
    return parent.empty() ? std::string(name) : fmt::format("{}.{}", parent, name);
}

void Walk::read(const YAML::Node& root) {
    const At at{*find_key(""), "", ""};
    YAML::Mark top;
    value(root, at, top);
    if (!root.IsMap() || !root["listeners"]) draft_.process.listeners = {model::ListenerSettings{}};
}

void Walk::value(const YAML::Node& node, const At& at, const YAML::Mark& mark) {
    switch (at.row.type) {
        case KeyType::unsupported:
            return unsupported(node, at, mark);
        case KeyType::list:
            return list(node, at, mark);
        case KeyType::section:
        case KeyType::names:
        case KeyType::section_or_text:
        case KeyType::section_or_pair:
            return section(node, at, mark);
        default:
            return text(node, at, mark);
    }
}

void Walk::section(const YAML::Node& node, const At& at, const YAML::Mark& mark) {
    const bool may_be_pair = at.row.type == KeyType::section_or_pair;
    const bool is_short_form =
        (at.row.type == KeyType::section_or_text || may_be_pair) && node.IsScalar();
    const bool is_pair = may_be_pair && node.IsSequence() && node.size() == 2 && node[0].IsScalar();
    if (!node.IsMap() && !node.IsNull() && !is_short_form && !is_pair) {
        return note(node.Mark(), at.shown, fmt::format("it must be {}", allowed_text(at.row)));
    }
    draft_.place = place_of(mark);
    if (at.row.begin != nullptr) {
        remember(at, "", mark);
        if (const auto begun = at.row.begin(draft_, at.name); !begun)
            note(mark, at.shown, begun.error().text());
    }
    const auto before = problems_.size();
    if (is_short_form) {
        const auto* const stands_for =
            find_key(joined(at.row.path, keys_below(at.row.path).front()));
        text(node, At{*stands_for, at.shown, at.name}, mark);
    } else if (is_pair) {
        pair(node[1], at, node[0].Scalar(), node[0].Mark());
    } else {
        pairs(node, at);
        require_all(node, at, mark);
    }
    // What only the whole can tell is not asked of a whole that is wrong already.
    if (at.row.end == nullptr || problems_.size() != before) return;
    if (const auto ended = at.row.end(draft_); !ended) note(mark, at.shown, ended.error().text());
}

void Walk::pairs(const YAML::Node& node, const At& at) {
    std::map<std::string, YAML::Mark> seen;
    for (const auto& entry : node) {
        const auto& key = entry.first;
        if (!key.IsScalar()) {
            note(key.Mark(), at.shown, "its keys must be plain text");
            continue;
        }
        const auto [first, is_new] = seen.try_emplace(key.Scalar(), key.Mark());
        if (!is_new) {
            note(key.Mark(), joined(at.shown, key.Scalar()),
                 fmt::format("it is written twice, first in line {}", line_of(first->second)));
            continue;
        }
        pair(entry.second, at, key.Scalar(), key.Mark());
    }
}

void Walk::pair(const YAML::Node& node, const At& at, const std::string& name,
                const YAML::Mark& mark) {
    const bool is_named = at.row.type == KeyType::names;
    const auto* const row = find_key(joined(at.row.path, is_named ? "*" : name));
    // Names that a path cannot have ("a.b", "*") are not keys either, whatever row they would hit.
    const bool is_key = is_named || name.find_first_of(".[*") == std::string::npos;
    if (row == nullptr || !is_key || name.empty()) return unknown(at, name, mark);
    value(node, At{*row, joined(at.shown, name), name}, mark);
}

void Walk::unknown(const At& parent, const std::string& name, const YAML::Mark& mark) {
    const auto known = keys_below(parent.row.path);
    const auto near = nearest_name(name, known);
    note(mark, joined(parent.shown, name),
         fmt::format("unknown key{}; allowed: {}",
                     near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                     fmt::join(known, ", ")));
}

void Walk::require_all(const YAML::Node& node, const At& at, const YAML::Mark& mark) {
    if (at.row.type == KeyType::names) return;
    for (const auto name : keys_below(at.row.path)) {
        const auto* const row = find_key(joined(at.row.path, name));
        if (!row->is_required || (node.IsMap() && node[std::string(name)])) continue;
        note(mark, joined(at.shown, name),
             fmt::format("it is missing; allowed: {}", allowed_text(*row)));
    }
}

void Walk::list(const YAML::Node& node, const At& at, const YAML::Mark& mark) {
    if (!node.IsSequence() && !node.IsNull())
        return note(node.Mark(), at.shown, "it must be a list");
    const auto* const row = find_key(std::string(at.row.path) + "[]");
    const auto before = problems_.size();
    std::size_t index = 0;
    for (const auto& element : node) {
        value(element, At{*row, fmt::format("{}[{}]", at.shown, index), {}}, element.Mark());
        ++index;
    }
    if (at.row.end == nullptr || problems_.size() != before) return;
    if (const auto ended = at.row.end(draft_); !ended) note(mark, at.shown, ended.error().text());
}

void Walk::text(const YAML::Node& node, const At& at, const YAML::Mark& mark) {
    if (node.IsNull()) {
        return note(mark, at.shown,
                    fmt::format("it has no value; allowed: {}", allowed_text(at.row)));
    }
    if (!node.IsScalar()) {
        return note(node.Mark(), at.shown,
                    fmt::format("it must be one value; allowed: {}", allowed_text(at.row)));
    }
    const auto given = substitute(node.Scalar());
    if (!given) return note(node.Mark(), at.shown, given.error().text());
    auto read = read_value(at.row, *given);
    if (!read) return note(node.Mark(), at.shown, read.error().text());
    read->name = at.name;
    read->place = place_of(mark);
    if (const auto set = at.row.set(draft_, *read); !set)
        return note(node.Mark(), at.shown, set.error().text());
    remember(at, std::move(read->text), mark);
}

/// Services and routes carry the places of their settings; the process' own are listed.
void Walk::remember(const At& at, std::string value, const YAML::Mark& mark) {
    for (const std::string_view owner : {"services.*", "routes[]"}) {
        if (!at.row.path.starts_with(owner)) continue;
        if (at.row.set == nullptr || at.row.path.size() == owner.size()) return;
        const auto key = at.row.path.substr(owner.size() + 1);
        if (key == "endpoints[].weight") {
            model::SettingOrigins origins({model::SourceKind::file, file_});
            origins.add("weight", fmt::format(":{}:{}", line_of(mark), column_of(mark)));
            draft_.endpoint().origins = std::move(origins);
        }
        if (key.starts_with("endpoints[]")) return;
        draft_.setting_places.push_back(
            {key, fmt::format(":{}:{}", line_of(mark), column_of(mark))});
        return;
    }
    // A scalar may stand for the first key of its section.
    const auto last = at.row.path.substr(at.row.path.rfind('.') + 1);
    const bool is_short_form = at.row.set != nullptr && !last.ends_with("[]") && last != at.shown &&
                               !at.shown.ends_with(fmt::format(".{}", last));
    given_.push_back(
        {is_short_form ? joined(at.shown, last) : at.shown, std::move(value), place_of(mark)});
}

void Walk::unsupported(const YAML::Node& node, const At& at, const YAML::Mark& mark) {
    if (!at.row.allowed.empty() && as_written(node) == at.row.allowed) return;
    note(mark, at.shown,
         fmt::format("not supported by this version; allowed: {}", allowed_text(at.row)));
}

YAML::Node parse_document(std::string_view text) {
    const auto documents = YAML::LoadAll(std::string(text));
    if (documents.size() > 1) {
        throw YAML::ParserException(documents[1].Mark(), "a second document begins; allowed: one");
    }
    return documents.empty() ? YAML::Node() : documents.front();
}

}  // namespace

std::string ConfigProblem::to_string() const {
    std::string out = file;
    if (line != 0) out.append(fmt::format(":{}:{}", line, column));
    if (!key.empty()) out.append(": ").append(key);
    return out.append(": ").append(text);
}

LoadedConfig parse_config(std::string_view text, const std::string& name) {
    LoadedConfig loaded;
    loaded.desired.kind = model::SourceKind::file;
    Walk walk(name, loaded);
    try {
        walk.read(parse_document(text));
    } catch (const YAML::Exception& e) {
        walk.note(e.mark, "", fmt::format("not readable as YAML: {}", e.msg));
        return loaded;
    }
    auto draft = std::move(walk).take();
    loaded.process = std::move(draft.process);
    loaded.desired = std::move(draft.desired);
    return loaded;
}

Checked<std::string> read_config(const std::string& path) {
    const auto failed = [](int error) {
        return problem("cannot be read: {}", std::strerror(error));
    };
    std::error_code ec;
    if (std::filesystem::is_directory(path, ec)) return failed(EISDIR);
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return failed(errno);
    std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (stream.bad()) return failed(EIO);
    return text;
}

LoadedConfig load_config(const std::string& path) {
    const auto text = read_config(path);
    if (text) return parse_config(*text, path);
    LoadedConfig loaded;
    loaded.problems.push_back({path, 0, 0, "", text.error().text()});
    return loaded;
}

model::ProcessSettings embedded_defaults() {
    model::ProcessSettings settings;
    model::DockerSettings docker;
    std::error_code ec;
    if (std::filesystem::exists(docker.socket, ec)) settings.docker = std::move(docker);
    return settings;
}

}  // namespace fairlead::control
