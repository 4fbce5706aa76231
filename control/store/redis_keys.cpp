#include "control/store/redis_keys.hpp"

#include "control/store/hipache.hpp"
#include "control/store/shown_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace fairlead::control {
namespace {

// How much one pipeline asks for. A backend may answer more than a frontend, of which only the
// beginning is read: whatever somebody puts there, the answers stay within bounds.
constexpr std::size_t load_a_pipeline = 1000;
constexpr std::size_t load_of_backend = 10;
constexpr const char* keys_a_scan = "2000";
// Whatever is longer can be no name, address, score or setting, and is not kept in memory.
constexpr std::size_t longest_text = 64 * 1024;

bool is_frontend(std::string_view key) {
    return key.starts_with(frontend_prefix);
}

bool is_wrong_type(const RedisReply& reply) {
    return reply.is_error() && reply.text.starts_with("WRONGTYPE");
}

std::string bounded(std::string text) {
    return text.size() <= longest_text ? std::move(text) : shown(text);
}

/// What GETRANGE or HGETALL told of a key that has the type they are for.
KeyReading::Found found_of(std::string_view key, RedisReply reply) {
    if (!is_frontend(key)) {
        if (reply.items.empty()) return {};
        return backend_of(std::move(reply));
    }
    if (reply.text.size() > longest_text) {
        return Refusal{fmt::format(
            "its value has more than {} bytes; allowed: a backend's name, at most 200 characters",
            longest_text)};
    }
    return std::move(reply.text);
}

RedisCommand first_question(const std::string& key) {
    if (!is_frontend(key)) return {"HGETALL", key};
    return {"GETRANGE", key, "0", std::to_string(longest_text)};
}

// A reading that the first question left open.
struct Open {
    std::size_t index;
    bool is_empty;  // a string: of no characters, or none at all
};

/// Of a key that is no string or hash: is it a Hipache list, and if not, what is it?
void add_second_questions(const std::string& key, bool is_empty, HipacheLists lists,
                          RedisCommands& commands) {
    if (is_empty) {
        commands.push_back({"EXISTS", key});
        return;
    }
    if (!is_frontend(key) || lists == HipacheLists::refused) {
        commands.push_back({"TYPE", key});
        return;
    }
    const auto host = key.substr(frontend_prefix.size());
    // The identifier comes first; one more than can be used shows that there are more.
    commands.push_back({"LRANGE", key, "0", std::to_string(most_hipache_servers + 1)});
    commands.push_back({"SMEMBERS", std::string(dead_prefix) + host});
}

KeyReading::Found refusal_by_type(std::string_view key, const RedisReply& type) {
    if (type.text == "none") return {};  // gone since
    if (!is_frontend(key))
        return Refusal{fmt::format("the key holds a {}; allowed: a hash", type.text)};
    if (type.text == "list") {
        return Refusal{
            "the key holds a list; allowed: a string, or lists as Hipache's with store.hipache"};
    }
    return Refusal{fmt::format("the key holds a {}; allowed: a string", type.text)};
}

KeyReading::Found list_of(RedisReply list, const RedisReply& dead) {
    if (is_wrong_type(list))
        return Refusal{"the key holds neither a string nor a list; allowed: those"};
    if (list.items.empty()) return {};  // gone since
    if (list.items.size() > most_hipache_servers + 1) {
        return Refusal{fmt::format("the list has more than {} servers", most_hipache_servers)};
    }
    HipacheFrontend frontend;
    for (std::size_t i = 1; i < list.items.size(); ++i)
        frontend.servers.push_back(bounded(std::move(list.items[i].text)));
    for (const auto& member : dead.items) {
        std::size_t index = 0;
        const auto* const end = member.text.data() + member.text.size();
        const auto [at, ec] = std::from_chars(member.text.data(), end, index);
        if (ec == std::errc{} && at == end && index < frontend.servers.size())
            frontend.dead.insert(index);
    }
    return frontend;
}

/// Puts into `readings` what the second questions about the keys at `open` tell.
aio::task<Checked<>> ask_again(RedisDeployment& redis, HipacheLists lists,
                               const std::vector<Open>& open, std::vector<KeyReading>& readings) {
    RedisCommands commands;
    for (const auto& [index, is_empty] : open)
        add_second_questions(readings[index].key, is_empty, lists, commands);
    auto replies = co_await redis.run(std::move(commands));
    if (!replies) co_return replies.error();
    auto reply = replies->begin();
    for (const auto& [index, is_empty] : open) {
        auto& reading = readings[index];
        auto& answer = *reply++;
        if (answer.is_error() && !is_wrong_type(answer)) co_return problem("{}", answer.text);
        if (is_empty) {
            if (answer.integer > 0) reading.found = std::string();
        } else if (!is_frontend(reading.key) || lists == HipacheLists::refused) {
            reading.found = refusal_by_type(reading.key, answer);
        } else {
            reading.found = list_of(std::move(answer), *reply++);
        }
    }
    co_return Checked<>{};
}

/// One pipeline, and a second one for the keys that are of another type than most.
aio::task<Checked<std::vector<KeyReading>>> read_some(RedisDeployment& redis,
                                                      std::vector<std::string> keys,
                                                      HipacheLists lists) {
    RedisCommands commands;
    for (const auto& key : keys) commands.push_back(first_question(key));
    auto replies = co_await redis.run(std::move(commands));
    if (!replies) co_return replies.error();
    std::vector<KeyReading> readings;
    std::vector<Open> open;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        auto& reply = (*replies)[i];
        readings.push_back({std::move(keys[i]), {}});
        if (is_wrong_type(reply)) {
            open.push_back(Open{i, false});
        } else if (reply.is_error()) {
            co_return problem("{}", reply.text);
        } else if (is_frontend(readings[i].key) && reply.text.empty()) {
            open.push_back(Open{i, true});
        } else {
            readings[i].found = found_of(readings[i].key, std::move(reply));
        }
    }
    if (!open.empty()) {
        const auto asked = co_await ask_again(redis, lists, open, readings);
        if (!asked) co_return asked.error();
    }
    co_return readings;
}

aio::task<Checked<>> list_keys(RedisDeployment& redis, std::string master,
                               std::vector<std::string>& keys) {
    std::string cursor = "0";
    do {
        // One pass for both prefixes; what else matches is dropped.
        RedisCommands commands;
        commands.push_back({"SCAN", cursor, "MATCH", "*end:*", "COUNT", keys_a_scan});
        auto replies = co_await redis.run_on(master, std::move(commands));
        if (!replies) co_return replies.error();
        auto& reply = replies->front();
        if (reply.is_error()) co_return problem("{}", reply.text);
        if (reply.items.size() != 2) co_return problem("redis answered SCAN with something else");
        cursor = reply.items[0].text;
        for (auto& item : reply.items[1].items) {
            auto& key = item.text;
            if (key.starts_with(frontend_prefix) || key.starts_with(backend_prefix))
                keys.push_back(std::move(key));
        }
    } while (cursor != "0");
    co_return Checked<>{};
}

}  // namespace

Backend backend_of(RedisReply hash) {
    Backend backend;
    for (std::size_t i = 0; i + 1 < hash.items.size(); i += 2) {
        auto field = bounded(std::move(hash.items[i].text));
        auto value = bounded(std::move(hash.items[i + 1].text));
        if (field.starts_with('_')) {
            backend.config[field.substr(1)] = std::move(value);
        } else {
            backend.servers.emplace_back(std::move(field), std::move(value));
        }
    }
    return backend;
}

RedisCommand command_for(const StoreChange& change) {
    using Kind = StoreChange::Kind;
    const auto frontend = std::string(frontend_prefix) + change.name;
    const auto backend = std::string(backend_prefix) + change.name;
    switch (change.kind) {
        case Kind::set_frontend:
            return {"SET", frontend, change.value};
        case Kind::delete_frontend:
            return {"DEL", frontend};
        case Kind::set_server:
            return {"HSET", backend, change.key, change.value};
        case Kind::delete_server:
            return {"HDEL", backend, change.key};
        case Kind::set_config:
            return {"HSET", backend, "_" + change.key, change.value};
        case Kind::delete_config:
            return {"HDEL", backend, "_" + change.key};
        case Kind::delete_backend:
            return {"DEL", backend};
        case Kind::flush:
            break;
    }
    return {"FLUSHDB"};
}

aio::task<Checked<StoreImage>> read_image(RedisDeployment& redis, HipacheLists lists) {
    const auto masters = co_await redis.masters();
    if (!masters) co_return masters.error();
    std::vector<std::string> keys;
    for (const auto& master : *masters) {
        const auto listed = co_await list_keys(redis, master, keys);
        if (!listed) co_return listed.error();
    }
    // SCAN may tell of a key twice.
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    auto readings = co_await read_keys(redis, std::move(keys), lists);
    if (!readings) co_return readings.error();
    StoreImage image;
    for (auto& reading : *readings) image.put(std::move(reading));
    co_return image;
}

aio::task<Checked<std::vector<KeyReading>>> read_keys(RedisDeployment& redis,
                                                      std::vector<std::string> keys,
                                                      HipacheLists lists) {
    std::vector<KeyReading> all;
    all.reserve(keys.size());
    // Not even read: nothing could ever route by them, and they may be of any size.
    std::erase_if(keys, [&](const std::string& key) {
        if (key.size() <= longest_text) return false;
        all.push_back({shown(key), Refusal{fmt::format("the key's name has {} bytes; allowed: at "
                                                       "most {}",
                                                       key.size(), longest_text)}});
        return true;
    });
    for (auto begin = keys.begin(); begin != keys.end();) {
        auto end = begin;
        for (std::size_t load = 0; end != keys.end() && load < load_a_pipeline; ++end)
            load += is_frontend(*end) ? 1 : load_of_backend;
        std::vector<std::string> some(std::make_move_iterator(begin), std::make_move_iterator(end));
        auto readings = co_await read_some(redis, std::move(some), lists);
        if (!readings) co_return readings.error();
        std::move(readings->begin(), readings->end(), std::back_inserter(all));
        begin = end;
    }
    co_return all;
}

}  // namespace fairlead::control
