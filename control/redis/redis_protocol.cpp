#include "control/redis/redis_protocol.hpp"

#include <hiredis/hiredis.h>

#include <utility>

namespace fairlead::control {
namespace {

using Type = RedisReply::Type;

Type type_of(int hiredis_type) {
    switch (hiredis_type) {
        case REDIS_REPLY_STRING:
            return Type::text;
        case REDIS_REPLY_STATUS:
            return Type::status;
        case REDIS_REPLY_ERROR:
            return Type::error;
        case REDIS_REPLY_INTEGER:
            return Type::integer;
        case REDIS_REPLY_ARRAY:
            return Type::array;
        default:
            return Type::nil;
    }
}

/// Where hiredis' present task puts its result: a slot of its parent, or a root of its own.
RedisReply* place_for(const redisReadTask* task) {
    RedisReply* const place = task->parent == nullptr
                                  ? new RedisReply
                                  : &static_cast<RedisReply*>(task->parent->obj)
                                         ->items[static_cast<std::size_t>(task->idx)];
    place->type = type_of(task->type);
    return place;
}

void* create_text(const redisReadTask* task, char* data, std::size_t size) {
    auto* const reply = place_for(task);
    reply->text.assign(data, size);
    return reply;
}

/// `privdata`: how many items the reply may still have. Null is hiredis' way to say no.
void* create_array(const redisReadTask* task, int size) {
    auto& left = *static_cast<std::size_t*>(task->privdata);
    const auto wanted = static_cast<std::size_t>(size);
    if (size < 0 || wanted > left) {
        left = 0;
        return nullptr;
    }
    left -= wanted;
    auto* const reply = place_for(task);
    reply->items.resize(wanted);
    return reply;
}

void* create_integer(const redisReadTask* task, long long value) {
    auto* const reply = place_for(task);
    reply->integer = value;
    return reply;
}

void* create_nil(const redisReadTask* task) {
    auto* const reply = place_for(task);
    reply->type = Type::nil;
    return reply;
}

/// Only ever called with a root.
void free_reply(void* reply) {
    delete static_cast<RedisReply*>(reply);
}

redisReplyObjectFunctions functions = {create_text, create_array, create_integer, create_nil,
                                       free_reply};

}  // namespace

struct RedisReader::Parser {
    Parser() : native(redisReaderCreateWithFunctions(&functions)) {
        native->privdata = &items_left;
    }
    ~Parser() { redisReaderFree(native); }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;

    void begin_reply() {
        items_left = most_reply_items;
        bytes = native->len - native->pos;
    }

    redisReader* native;
    std::size_t items_left = most_reply_items;
    std::size_t bytes = 0;  // fed since the last reply was complete
};

RedisReader::RedisReader() : parser_(std::make_unique<Parser>()) {}

RedisReader::~RedisReader() = default;

void RedisReader::feed(std::string_view bytes) {
    parser_->bytes += bytes.size();
    redisReaderFeed(parser_->native, bytes.data(), bytes.size());
}

Checked<std::optional<RedisReply>> RedisReader::next() {
    void* parsed = nullptr;
    if (redisReaderGetReply(parser_->native, &parsed) != REDIS_OK) {
        if (parser_->native->err == REDIS_ERR_OOM)
            return problem("a reply has more than {} items", most_reply_items);
        return problem("{}", parser_->native->errstr);
    }
    if (parsed == nullptr) {
        if (parser_->bytes > most_reply_bytes)
            return problem("a reply has more than {} MiB", most_reply_bytes / 1024 / 1024);
        return std::optional<RedisReply>();
    }
    const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(parsed));
    parser_->begin_reply();
    return std::optional(std::move(*reply));
}

std::string wire_form(const RedisCommand& command) {
    auto out = fmt::format("*{}\r\n", command.size());
    for (const auto& word : command)
        out.append(fmt::format("${}\r\n", word.size())).append(word).append("\r\n");
    return out;
}

}  // namespace fairlead::control
