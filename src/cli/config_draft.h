// What reading the configuration has gathered before it is cross-checked. Internal to cli/config*.cpp.
#pragma once

#include "cli/config_reader.h"
#include "gateway/options.h"

namespace weir::cli {

struct Draft {
    struct File {
        int line;
        std::string what, path;
    };
    struct Adapter {
        int line;
        std::string what, model_file, path;
    };
    gateway::Options options;
    std::vector<File> files;  // that have to be there
    std::vector<Adapter> adapters;
    std::vector<File> authorities;  // PEM
    bool has_keys = false;          // `keys:` stands there, be it ever so wrong
    bool has_admin_tokens = false;  // so does `admin_access:`
    int listen_line = 1, admin_line = 1, prices_line = 1, cascades_line = 1, tls_line = 1;
};

// Reads the path of a file that has to be there.
void read_file_path(Section& section, std::string_view key, Draft& draft, std::string& to);
void read_authorities(Section& section, Draft& draft, std::string& to);  // `tls_ca_file`

// config_models.cpp: what answers.
void read_providers(Section& top, Reader& reader, Draft& draft);
// Header lines that go with every request: `headers:`.
void read_headers(Section& section, Reader& reader, std::vector<std::pair<std::string, std::string>>& to);
// How calls are spread, limited and repeated; `url`: what an endpoint's address is called.
void read_calls(Section& section, Reader& reader, gateway::ProviderOptions& to, std::string_view url);
void read_models(Section& top, Reader& reader, Draft& draft);
// config_cascades.cpp: in which order.
void read_cascades(Section& top, Reader& reader, Draft& draft);
// config_inference.cpp: requests that are no chat.
void read_inference(Section& top, Reader& reader, Draft& draft);
// config_examples.cpp: what a cascade keeps to learn from, and whether it may.
void read_examples(Section& cascade, Reader& reader, store::ExampleOptions& to);
void check_examples(Reader& reader, const Draft& draft);
// config_keys.cpp: who may ask, and for how much.
void read_callers(Section& top, Reader& reader, Draft& draft);
// config_access.cpp: who may ask at the admin address.
void read_admin_access(Section& top, Reader& reader, Draft& draft);
// config_telemetry.cpp: who is told what has happened.
void read_telemetry(Section& top, Reader& reader, telemetry::Options& to);
// config_alerts.cpp: who is told what is wrong.
void read_alerts(Section& top, Reader& reader, telemetry::AlertOptions& to);
// config_budgets.cpp: how much may be spent.
void read_budgets(Section& top, Reader& reader, Draft& draft);
// config_checks.cpp: whether it fits together.
void cross_check(Reader& reader, Draft& draft, const LoadSettings& settings);

// A provider's or cascade's name: 1 to 64 of a-z 0-9 - _ .
bool is_plain_name(std::string_view name);

// "provider/model", both parts present; nothing (and no error) otherwise.
struct ModelName {
    std::string provider, model;
};
std::optional<ModelName> parse_model_name(std::string_view text);

}  // namespace weir::cli
