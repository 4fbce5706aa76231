#include "proxy/net/io_result.hpp"

#include <cerrno>
#include <string>

namespace fairlead::net {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"  // Boost's base is like that
class StreamCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "stream"; }
    std::string message(int) const override { return "End of file"; }
};
#pragma GCC diagnostic pop

}  // namespace

error_code IoResult::code() const noexcept {
    static const StreamCategory category;
    switch (status) {
        case Status::done:
            break;
        case Status::blocked:
            return {EAGAIN, boost::system::system_category()};
        case Status::ended:
            return {1, category};
        case Status::cancelled:
            return cancelled_error();
        case Status::failed:
            return {error, boost::system::system_category()};
    }
    return {};
}

error_code cancelled_error() noexcept {
    return {ECANCELED, boost::system::system_category()};
}

}  // namespace fairlead::net
