#include "tests/support/proxy_fixture.hpp"

#include "proxy/balance/registry.hpp"

#include <csignal>
#include <future>
#include <stdexcept>

namespace fairlead::test {

ProxyFixture::ProxyFixture(const std::function<void(model::ProcessSettings&)>& adjust,
                           upstream::Resolver::Lookup lookup)
    : work_(control_.get_executor()), compiler_(balance::make_policy, 4) {
    std::signal(SIGPIPE, SIG_IGN);  // as control/app does: OpenSSL writes without MSG_NOSIGNAL
    model::ProcessSettings settings;
    settings.workers = 1;
    settings.listeners[0].bind = model::Address::tcp("127.0.0.1", 0);
    if (adjust) adjust(settings);
    const auto post = [this](std::function<void()> work) {
        boost::asio::post(control_, std::move(work));
    };
    plane_ = std::make_unique<DataPlane>(settings, post, std::move(lookup));
    control_thread_ = std::thread([this] { control_.run(); });
    const auto started = plane_->start();
    if (!started) throw std::runtime_error(started.error().text());
}

ProxyFixture::~ProxyFixture() {
    plane_->stop();
    plane_.reset();
    work_.reset();
    control_.stop();
    control_thread_.join();
}

model::SourceState one_service(const std::vector<model::Address>& endpoints,
                               const model::ServiceSettings& settings) {
    model::SourceState state;
    model::ServiceSpec service;
    service.name = "web";
    service.settings = settings;
    for (const auto& address : endpoints) {
        model::EndpointSpec endpoint;
        endpoint.address = address;
        endpoint.identity = to_string(address);
        service.endpoints.push_back(endpoint);
    }
    state.services.push_back(service);
    state.routes.push_back({"*", "", "web", {}});
    return state;
}

void ProxyFixture::serve(const std::vector<model::Address>& endpoints,
                         const model::ServiceSettings& settings) {
    publish(one_service(endpoints, settings));
}

void ProxyFixture::publish(const model::SourceState& state) {
    std::promise<void> installed;
    boost::asio::post(control_, [&] {
        catalog_.apply(model::whole_change(state, "test"));
        const auto snapshot = compiler_.compile(catalog_.take(), Clock::now());
        plane_->publish(snapshot, [&] { installed.set_value(); });
    });
    installed.get_future().wait();
}

SocketPeer ProxyFixture::connect(std::size_t listener) {
    const auto address = plane_->bound().at(listener);
    if (address.kind == model::Address::Kind::unix_socket)
        return SocketPeer::connect_unix(address.path);
    return SocketPeer::connect_tcp(address.port);
}

const model::EndpointState& ProxyFixture::endpoint(std::size_t i) const {
    return *compiler_.current()->services().sorted().front()->endpoints.at(i).state;
}

void ProxyFixture::begin_drain(std::function<void()> drained) {
    boost::asio::post(control_,
                      [this, drained = std::move(drained)] { plane_->begin_drain(drained); });
}

}  // namespace fairlead::test
