// What the tests of the configuration share: an environment, and what is said of a text.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "cli/config.h"

namespace weir::cli::testing {

inline const std::map<std::string, std::string>& variables() {
    static const std::map<std::string, std::string> all{
        {"KEY", "sk-provider-secret"},
        {"ACME", "sk-acme-secret"},
        {"BIRCH", "sk-birch-secret"},
        {"SHORT", "1234567"},
        {"EMPTY", ""},
        {"SPACED", "sk-secret with spaces"},
        {"NEWLINE", "sk-secret-newline\n"},
        {"PORT", "8123"},
        {"MODE", "serve"},
        {"URL", "http://127.0.0.1:9/v1/"},
        {"WEIGHTS", "/weights/small.gguf"},
        {"HOSTILE", "a: [b}\n\"c\" # ${KEY}"},
    };
    return all;
}

inline LoadSettings test_settings() {
    LoadSettings settings;
    settings.environment = [](const std::string& name) -> std::optional<std::string> {
        const auto at = variables().find(name);
        if (at == variables().end()) return std::nullopt;
        return at->second;
    };
    settings.readable = [](const std::string& path) { return path.find("absent") == std::string::npos; };
    settings.adapter_fits = [](const std::string& model_file, const std::string& adapter_file) -> Result<void> {
        if (adapter_file.find("misfit") == std::string::npos) return {};
        return fail(ErrorCode::invalid, adapter_file + " does not fit " + model_file);
    };
    settings.certificate_fits = [](const std::string& certificate, const std::string& key) -> Result<void> {
        if (certificate.find("garbage") == std::string::npos) return {};
        return fail(ErrorCode::io, certificate + " is not of " + key);
    };
    settings.authorities_fit = [](const std::string& file) -> Result<void> {
        if (file.find("garbage") == std::string::npos) return {};
        return fail(ErrorCode::io, file + ": no PEM");
    };
    settings.prices = [](const std::string& file) -> Result<PriceLookup> {
        if (file == "broken.json") return fail(ErrorCode::invalid, "broken.json:7: no JSON");
        return [](std::string_view, std::string_view model) { return model.starts_with("gpt-"); };
    };
    return settings;
}

inline std::vector<std::string> lines_of(const std::vector<Diagnostic>& diagnostics) {
    std::vector<std::string> lines;
    for (const Diagnostic& each : diagnostics) {
        CHECK(each.file == "f");
        lines.push_back(std::to_string(each.line) + ": " + each.message);
    }
    return lines;
}

inline LoadResult load(std::string_view text) {
    return load_config_text(text, "f", test_settings());
}

inline std::vector<std::string> errors_of(std::string_view text) {
    const LoadResult loaded = load(text);
    if (loaded) return {"loaded"};
    return lines_of(loaded.error());
}

inline gateway::Options good(std::string_view text) {
    LoadResult loaded = load(text);
    if (!loaded) {
        for (const Diagnostic& each : loaded.error()) MESSAGE(to_string(each));
    }
    REQUIRE(loaded.has_value());
    return std::move(loaded->options);
}

inline std::vector<std::string> warnings_of(std::string_view text) {
    LoadResult loaded = load(text);
    REQUIRE(loaded.has_value());
    return lines_of(loaded->warnings);
}

using Lines = std::vector<std::string>;
inline const std::string kProvider = "providers: { p: { api: openai, base_url: http://127.0.0.1:1/v1 } }\n";
// Line 1 is the provider's, line 2 the cascade's; what is appended is in its flow map.
inline std::string with_cascade(const std::string& rest) {
    return kProvider + "cascades: { c: { match: { model: gpt-4o }, reference_provider: p, " + rest + " } }\n";
}

}  // namespace weir::cli::testing
