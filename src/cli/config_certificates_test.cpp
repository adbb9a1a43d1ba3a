// Certificates that the configuration names: what can't be read is said with its line. And what is allowed is said
// once.
#include <doctest/doctest.h>

#include "cli/config_testing.h"

using namespace weir;
using namespace weir::cli;
using namespace weir::cli::testing;

TEST_CASE("a certificate, key or authority that is none is an error with its line") {
    CHECK(errors_of(kProvider + "tls:\n  certificate: garbage.pem\n  key: key.pem\n") ==
          Lines{"2: tls: garbage.pem is not of key.pem"});
    LoadSettings quiet = test_settings();
    quiet.secrets = false;  // a command that only asks the running gateway
    CHECK(load_config_text(kProvider + "tls: { certificate: garbage.pem, key: key.pem }\n", "f", quiet).has_value());
    CHECK(errors_of(kProvider + "tls: { certificate: garbage.pem, key: absent.pem }\n") ==
          Lines{"2: tls.key: no readable file there (relative paths begin at the current folder)"});
    CHECK(errors_of("providers:\n  p:\n    api: openai\n    base_url: https://127.0.0.1:1/v1\n"
                    "    tls_ca_file: garbage.pem\n") == Lines{"5: providers.p.tls_ca_file: garbage.pem: no PEM"});
    const std::string route =
        kProvider + "inference: { rank: { path: /rank, reference: { url: \"https://127.0.0.1:2/x\",\n  tls_ca_file: ";
    CHECK(errors_of(route + "garbage.pem } } }\n") ==
          Lines{"3: inference.rank.reference.tls_ca_file: garbage.pem: no PEM"});
    CHECK(errors_of(route + "absent-garbage.pem } } }\n") ==
          Lines{"3: inference.rank.reference.tls_ca_file: no readable file there (relative paths begin at the current "
                "folder)"});
}

TEST_CASE("what is allowed in a section is said once, however often it is looked for") {
    CHECK(errors_of(kProvider +
                    "alerts:\n  webhooks:\n    - { name: ops, url: \"https://hooks.example.com/weir\", secret: "
                    "\"${KEY}\", timeout: 3s }\n") ==
          Lines{"4: unknown key \"timeout\" in alerts.webhooks; allowed: name, url, secret, form, least, only"});
}
