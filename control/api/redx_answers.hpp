// What the Redx-compatible API answers with: {"message": text[, "data": any]}, without spaces.
//
// Clients in the field match on bytes: "message" comes first, an empty list is [], and what Redx
// did not have ("scores") comes behind what it had. Lists are in the order of their names.
//
// Threads: any (pure). Cost: one string, built in one go.
#pragma once

#include "control/http_server.hpp"
#include "control/store/store.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

HttpReply redx_answer(int status, std::string_view message);
HttpReply redx_absent();

/// [{"url", "backend_name"}]
HttpReply frontends_answer(const StoreContents& contents);
/// [{"name", "servers", "config", "scores"}]
HttpReply backends_answer(const StoreContents& contents);
HttpReply frontend_answer(const StoreContents& contents, const std::string& url);
HttpReply backend_answer(const StoreContents& contents, const std::string& name);
HttpReply config_answer(const StoreContents& contents, const std::string& name,
                        const std::string& key);

/// Frontends whose backend does not exist, and backends that no frontend names.
struct Orphans {
    std::vector<std::string_view> frontends;  // of the contents they were found in
    std::vector<std::string_view> backends;
};
Orphans find_orphans(const StoreContents& contents);
HttpReply orphans_answer(const StoreContents& contents);
std::vector<StoreChange> orphans_removal(const StoreContents& contents);

/// GET /test: that the API is there, for people.
HttpReply test_page();

}  // namespace fairlead::control
