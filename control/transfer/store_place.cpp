#include "control/transfer/store_place.hpp"

#include "control/api/redx_batch.hpp"
#include "control/http_client.hpp"
#include "control/store/store_changes.hpp"
#include "control/store/store_factory.hpp"
#include "control/transfer/store_transfer.hpp"
#include "proxy/aio/spawn.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

namespace fairlead::control {
namespace {

constexpr Duration api_patience = std::chrono::seconds(120);
constexpr std::uint16_t default_api_port = 8081;
constexpr const char* token_variable = "FAIRLEAD_API_TOKEN";

aio::task<> keep_result(aio::task<Checked<>> work, std::optional<Checked<>>& result) {
    auto value = co_await std::move(work);
    result = std::move(value);
}

StoreImage image_of(const std::vector<StoreChange>& changes) {
    StoreImage image;
    apply_changes(image.contents, changes);
    return image;
}

Checked<StoreImage> image_in(std::string_view batch, const std::string& place) {
    const auto changes = read_batch(batch, BatchVerb::add, "0");
    if (!changes) return problem("{}: {}", place, changes.error().text());
    return image_of(*changes);
}

/// A Redis or an embedded store's folder.
class OpenedStore final : public StorePlace {
public:
    explicit OpenedStore(std::string name) : name_(std::move(name)) {}

    Checked<> open(const model::ProcessSettings& settings) {
        auto store = open_store(io_, settings);
        if (!store) return store.error();
        store_ = std::move(*store);
        return {};
    }

    Checked<StoreImage> read() override {
        StoreImage image;
        const Store::Look keep = [&](const StoreImage& shown) { image = shown; };
        const auto done = run(store_->read(keep));
        if (!done) return problem("{}: {}", name_, done.error().text());
        return image;
    }

    Checked<> write(const StoreContents& contents, Existing existing) override {
        const auto before = read();
        if (!before) return before.error();
        auto changes = changes_to(before->contents, contents, existing);
        if (changes.empty()) return {};
        const auto done = run(store_->apply(std::move(changes), "fairlead store"));
        if (!done) return problem("{}: {}", name_, done.error().text());
        return {};
    }

    std::string name() const override { return name_; }

private:
    Checked<> run(aio::task<Checked<>> work) {
        std::optional<Checked<>> result;
        aio::spawn(io_.get_executor(), "store place", keep_result(std::move(work), result));
        io_.restart();
        while (!result && io_.run_one() > 0) {
        }
        return result ? *result : problem("it did not answer");
    }

    const std::string name_;
    aio::IoContext io_{1};
    std::unique_ptr<Store> store_;
};

/// The API of a running Fairlead.
class Api final : public StorePlace {
public:
    explicit Api(model::Address address) : address_(std::move(address)) {}

    Checked<StoreImage> read() override {
        const auto batch = ask({"GET", "/export"});
        if (!batch) return batch.error();
        return image_in(*batch, name());
    }

    Checked<> write(const StoreContents& contents, Existing existing) override {
        StoreContents gone;
        if (existing == Existing::replace) {
            const auto before = read();
            if (!before) return before.error();
            gone = before->contents;
            for (const auto& frontend : contents.frontends) gone.frontends.erase(frontend.first);
            for (const auto& backend : contents.backends) gone.backends.erase(backend.first);
        }
        const auto* const verb = existing == Existing::replace ? "PUT" : "POST";
        const auto done = ask({verb, "/batch", batch_text(contents, gone)});
        if (!done) return done.error();
        return {};
    }

    std::string name() const override {
        const auto text = to_string(address_);
        return address_.path.empty() ? "http://" + text : text;
    }

private:
    Checked<std::string> ask(HttpQuestion question) const {
        if (const char* const token = std::getenv(token_variable); token != nullptr)
            question.fields.emplace_back("Authorization", std::string("Bearer ") + token);
        auto answer = ask_http(address_, question, api_patience);
        if (!answer) return answer.error();
        if (answer->status == 200) return std::move(answer->body);
        return problem("{}: {} {}: {} {}{}", name(), question.method, question.path, answer->status,
                       answer->body,
                       answer->status == 401
                           ? fmt::format(" (the token is taken from {})", token_variable)
                           : "");
    }

    const model::Address address_;
};

/// In the form of a /batch; "-" is standard input or output.
class File final : public StorePlace {
public:
    explicit File(std::string path) : path_(std::move(path)) {}

    Checked<StoreImage> read() override {
        std::ifstream file;
        if (!is_standard()) file.open(path_, std::ios::binary);
        auto& stream = is_standard() ? std::cin : file;
        std::string text{std::istreambuf_iterator<char>(stream), {}};
        if ((!is_standard() && !file.is_open()) || stream.bad())
            return problem("cannot read {}", name());
        return image_in(text, name());
    }

    Checked<> write(const StoreContents& contents, Existing) override {
        const auto text = batch_text(contents);
        std::ofstream file;
        if (!is_standard()) file.open(path_, std::ios::binary | std::ios::trunc);
        auto& stream = is_standard() ? std::cout : file;
        stream << text << std::flush;
        if (!stream) return problem("cannot write {}", name());
        return {};
    }

    bool can_be_read_again() const override { return !is_standard(); }
    std::string name() const override { return is_standard() ? "standard stream" : path_; }

private:
    bool is_standard() const { return path_ == "-"; }

    const std::string path_;
};

bool is_existing_folder(const std::string& text) {
    std::error_code ignored;  // what cannot be asked about is none
    return std::filesystem::is_directory(text, ignored);
}

/// Of a URL with a password in it, what may be shown.
std::string without_password(const std::string& url) {
    const auto at = url.rfind('@');
    const auto scheme = url.find("://");
    if (at == std::string::npos || scheme == std::string::npos) return url;
    return url.substr(0, scheme + 3) + url.substr(at + 1);
}

std::string name_of(const model::RedisSettings& redis) {
    if (redis.cluster) return "the redis cluster";
    return without_password(redis.url) + (redis.sentinel ? " (by its sentinels)" : "");
}

Checked<std::unique_ptr<StorePlace>> open_store_place(std::string name,
                                                      const model::ProcessSettings& settings) {
    auto place = std::make_unique<OpenedStore>(std::move(name));
    const auto opened = place->open(settings);
    if (!opened) {
        const bool is_used = opened.error().text().ends_with("in use by another process");
        return problem(
            "{}{}", opened.error().text(),
            is_used ? "; of a running Fairlead name the API: http://127.0.0.1:8081" : "");
    }
    return std::unique_ptr<StorePlace>(std::move(place));
}

}  // namespace

Checked<std::unique_ptr<StorePlace>> open_configured_place(PlaceRole role,
                                                           const model::ProcessSettings& settings) {
    const auto& store = settings.store;
    if (store.redis) return open_store_place(name_of(*store.redis), settings);
    if (role == PlaceRole::source && !is_existing_folder(store.embedded))
        return problem("there is no store in {}", store.embedded);
    return open_store_place(store.embedded, settings);
}

Checked<std::unique_ptr<StorePlace>> open_place(const std::string& text, PlaceRole role,
                                                model::ProcessSettings settings) {
    if (text.starts_with("http://")) {
        auto address = parse_server_url(text, default_api_port, "the API");
        if (!address) return address.error();
        return std::unique_ptr<StorePlace>(std::make_unique<Api>(std::move(*address)));
    }
    const bool is_redis = text.starts_with("redis") || text.starts_with("unix:");
    if (is_redis && text.find(':') != std::string::npos) {
        auto redis = settings.store.redis.value_or(model::RedisSettings{});
        redis.url = text;
        // That one: not whom the configured sentinels or nodes of a cluster would name.
        redis.sentinel.reset();
        redis.cluster.reset();
        settings.store.redis = std::move(redis);
        return open_configured_place(role, settings);
    }
    if (text.ends_with('/') || is_existing_folder(text)) {
        settings.store.redis.reset();
        settings.store.embedded = text;
        return open_configured_place(role, settings);
    }
    return std::unique_ptr<StorePlace>(std::make_unique<File>(text));
}

}  // namespace fairlead::control
