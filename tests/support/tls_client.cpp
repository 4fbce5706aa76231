#include "tests/support/tls_client.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <unistd.h>

namespace fairlead::test {
namespace {

template <class Write>
void write_file(const std::string& path, Write write) {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    if (file == nullptr) throw std::runtime_error("cannot write " + path);
    write(file);
    std::fclose(file);
}

}  // namespace

TestCertificate::TestCertificate(const std::string& names) {
    char pattern[] = "/tmp/fairlead-cert-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    cert_ = folder_ + "/cert.pem";
    key_ = folder_ + "/key.pem";
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const cert = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME* const name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_set_version(cert, 2);  // 3: with extensions
    X509_EXTENSION* const alternatives =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(cert, alternatives, -1);
    X509_EXTENSION_free(alternatives);
    X509_sign(cert, key, EVP_sha256());
    write_file(cert_, [&](std::FILE* file) { PEM_write_X509(file, cert); });
    write_file(key_, [&](std::FILE* file) {
        PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    X509_free(cert);
    EVP_PKEY_free(key);
}

TestCertificate::~TestCertificate() {
    ::unlink(cert_.c_str());
    ::unlink(key_.c_str());
    ::rmdir(folder_.c_str());
}

model::TlsSettings TestCertificate::settings() const {
    model::TlsSettings settings;
    settings.certificates.push_back({cert_, key_});
    return settings;
}

void TlsClient::Delete::operator()(SSL_CTX* context) const noexcept {
    SSL_CTX_free(context);
}
void TlsClient::Delete::operator()(SSL* ssl) const noexcept {
    SSL_free(ssl);
}

TlsClient::TlsClient(SocketPeer peer, std::string_view alpn, int max_version)
    : peer_(std::move(peer)),
      context_(SSL_CTX_new(TLS_client_method())),
      ssl_(SSL_new(context_.get())) {
    if (!alpn.empty()) {
        SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
    }
    if (max_version != 0) SSL_set_max_proto_version(ssl_.get(), max_version);
    SSL_set_fd(ssl_.get(), peer_.descriptor());
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("TLS handshake failed");
}

TlsClient::~TlsClient() = default;

void TlsClient::send(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
}

std::string TlsClient::read_some() {
    char chunk[16384];
    const int n = SSL_read(ssl_.get(), chunk, sizeof chunk);
    return n > 0 ? std::string(chunk, static_cast<std::size_t>(n)) : std::string();
}

std::string TlsClient::read_to_end() {
    std::string all;
    for (std::string part = read_some(); !part.empty(); part = read_some()) all += part;
    return all;
}

std::string TlsClient::alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

std::string TlsClient::version() const {
    return SSL_get_version(ssl_.get());
}

}  // namespace fairlead::test
