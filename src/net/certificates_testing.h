// Certificates for tests, made on the spot: an authority of one's own and what it signs, as PEM files.
// Thread rule: one thread.
#pragma once

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace weir::net::testing {

class Certificates {
  public:
    Certificates() {
        REQUIRE(::mkdtemp(directory_.data()) != nullptr);
        authority_ = make("authority", "", -3600, 3600, nullptr);
        stranger_ = make("stranger", "", -3600, 3600, nullptr);
    }
    ~Certificates() {
        free(authority_);
        free(stranger_);
        std::filesystem::remove_all(directory_);
    }
    Certificates(const Certificates&) = delete;

    // `names`: "DNS:localhost,IP:127.0.0.1"; seconds from now. Writes NAME.crt and NAME.key.
    void issue(const std::string& file, const std::string& names, long from = -3600, long to = 3600) {
        free(make(file, names, from, to, &authority_));
    }
    void issue_by_stranger(const std::string& file, const std::string& names) {
        free(make(file, names, -3600, 3600, &stranger_));
    }
    std::string path(const std::string& file) const { return directory_ + "/" + file; }
    std::string authority() const { return path("authority.crt"); }

    // A key of another kind (RSA), of no certificate.
    void write_rsa_key(const std::string& file) const {
        EVP_PKEY* const key = EVP_RSA_gen(2048);
        FILE* const to = std::fopen(path(file).c_str(), "w");
        PEM_write_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(to);
        EVP_PKEY_free(key);
    }

  private:
    struct Pair {
        X509* certificate = nullptr;
        EVP_PKEY* key = nullptr;
    };
    static void free(const Pair& pair) {
        X509_free(pair.certificate);
        EVP_PKEY_free(pair.key);
    }

    static void add_extension(X509* certificate, int kind, const std::string& value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
        X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
        REQUIRE(extension != nullptr);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }

    Pair make(const std::string& file, const std::string& names, long from, long to, const Pair* issuer) {
        Pair made{X509_new(), EVP_EC_gen("P-256")};
        X509_set_version(made.certificate, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(made.certificate), from);
        X509_gmtime_adj(X509_getm_notAfter(made.certificate), to);
        X509_set_pubkey(made.certificate, made.key);
        X509_NAME* const name = X509_get_subject_name(made.certificate);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(file.c_str()), -1,
                                   -1, 0);
        X509_set_issuer_name(made.certificate, issuer == nullptr ? name : X509_get_subject_name(issuer->certificate));
        add_extension(made.certificate, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
        if (!names.empty()) add_extension(made.certificate, NID_subject_alt_name, names);
        REQUIRE(X509_sign(made.certificate, issuer == nullptr ? made.key : issuer->key, EVP_sha256()) > 0);
        FILE* const certificate = std::fopen(path(file + ".crt").c_str(), "w");
        PEM_write_X509(certificate, made.certificate);
        std::fclose(certificate);
        FILE* const key = std::fopen(path(file + ".key").c_str(), "w");
        PEM_write_PrivateKey(key, made.key, nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(key);
        return made;
    }

    std::string directory_ = "/tmp/weir-tls-XXXXXX";
    long serial_ = 0;
    Pair authority_, stranger_;
};

}  // namespace weir::net::testing
