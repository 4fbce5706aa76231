#include "proxy/http/message.hpp"

#include "proxy/base/ascii.hpp"

namespace fairlead::http {

FieldId field_id(std::string_view name) noexcept {
    const auto is = [&](std::string_view lowered) { return ascii::iequals(name, lowered); };
    switch (name.size()) {
        case 2:
            return is("te") ? FieldId::te : FieldId::other;
        case 4:
            return is("host") ? FieldId::host : FieldId::other;
        case 6:
            return is("expect") ? FieldId::expect : FieldId::other;
        case 7:
            if (is("upgrade")) return FieldId::upgrade;
            return is("trailer") ? FieldId::trailer : FieldId::other;
        case 9:
            return is("forwarded") ? FieldId::forwarded : FieldId::other;
        case 10:
            if (is("connection")) return FieldId::connection;
            return is("keep-alive") ? FieldId::keep_alive : FieldId::other;
        case 14:
            if (is("content-length")) return FieldId::content_length;
            return is("http2-settings") ? FieldId::http2_settings : FieldId::other;
        case 15:
            return is("x-forwarded-for") ? FieldId::x_forwarded_for : FieldId::other;
        case 16:
            if (is("x-forwarded-host")) return FieldId::x_forwarded_host;
            if (is("x-forwarded-port")) return FieldId::x_forwarded_port;
            return is("proxy-connection") ? FieldId::proxy_connection : FieldId::other;
        case 17:
            if (is("transfer-encoding")) return FieldId::transfer_encoding;
            return is("x-forwarded-proto") ? FieldId::x_forwarded_proto : FieldId::other;
        default:
            return FieldId::other;
    }
}

Method method_of(std::string_view name) noexcept {
    switch (name.size()) {
        case 3:
            if (name == "GET") return Method::get;
            return name == "PUT" ? Method::put : Method::other;
        case 4:
            if (name == "HEAD") return Method::head;
            return name == "POST" ? Method::post : Method::other;
        case 5:
            if (name == "PATCH") return Method::patch;
            return name == "TRACE" ? Method::trace : Method::other;
        case 6:
            return name == "DELETE" ? Method::del : Method::other;
        case 7:
            return name == "OPTIONS" ? Method::options : Method::other;
        default:
            return Method::other;
    }
}

}  // namespace fairlead::http
