#include "eval/embed_texts.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>

#include "base/clock.h"
#include "embed/endpoint_embedder.h"
#include "eval/kept_vectors.h"
#include "eval/reactor_thread.h"
#include "local/llama_server.h"

namespace weir::eval {
namespace {

constexpr std::size_t kDimensions = 384;
constexpr std::size_t kAsksAtOnce = 32;
constexpr Micros kStartMicros = 120'000'000;
constexpr Micros kCallMicros = 120'000'000;

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

// Where scripts/fetch_model.sh and scripts/build_llama_server.sh leave things.
struct Installed {
    std::string model, program, folder;
};

std::optional<Installed> find_installed() {
    std::string cache = variable("WEIR_CACHE");
    if (cache.empty()) cache = variable("HOME") + "/.cache/weir";
    Installed found{variable("WEIR_EMBEDDING_MODEL_FILE"), variable("WEIR_LLAMA_SERVER"), cache + "/embedding"};
    if (found.model.empty()) found.model = found.folder + "/all-MiniLM-L6-v2.F32.gguf";
    if (found.program.empty()) found.program = cache + "/llama/bin/llama-server";
    if (access(found.program.c_str(), X_OK) != 0) found.program = "llama-server";  // perhaps on the PATH
    if (access(found.model.c_str(), R_OK) != 0) return std::nullopt;
    return found;
}

// Texts that are embedded by several coroutines of one reactor, each taking the next.
struct Work {
    const std::vector<std::string_view>& texts;
    embed::EndpointEmbedder& embedder;
    KeptVectors& kept;
    const EmbedProgress& progress;
    std::size_t next = 0, done = 0, running = 0, skipped = 0;
    std::optional<Error> problem;
    std::function<void()> finished;
};

Task<void> embed_some(Work& work) {
    while (work.next < work.texts.size() && !work.problem) {
        const std::string_view text = work.texts[work.next++];
        const Result<embed::Vector> vector = co_await work.embedder.embed(text);
        if (vector) {
            work.kept.keep(text, embed::Int8Vector(*vector));
        } else if (vector.error().code == ErrorCode::too_large || vector.error().code == ErrorCode::invalid) {
            ++work.skipped;
        } else {
            work.problem = vector.error();
        }
        ++work.done;
        if (work.progress && !work.progress("embedding", work.done, work.texts.size())) {
            work.problem = Error{ErrorCode::canceled, "given up"};
        }
    }
    if (--work.running == 0) work.finished();
}

Result<void> embed_all(const std::vector<std::string_view>& texts, const Installed& installed, KeptVectors& kept,
                       const EmbedProgress& progress) {
    local::LlamaServerOptions options;
    options.name = "eval-embedding";
    options.model_file = installed.model;
    options.program = installed.program;
    options.embedding = true;
    options.threads = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    options.context_tokens = 2 * local::embedding_context_tokens;
    auto child = local::LlamaServer::start(options);
    if (!child) return tl::unexpected(child.error());
    if (!(*child)->wait_ready(kStartMicros)) {
        return fail(ErrorCode::unavailable, "llama-server did not start: " + (*child)->last_problem());
    }
    ReactorThread thread;
    std::unique_ptr<net::HttpClient> client;
    std::unique_ptr<embed::EndpointEmbedder> embedder;
    std::unique_ptr<Work> work;
    thread.wait_for([&](const std::function<void()>& finished) {
        net::Endpoint endpoint;
        endpoint.unix_path = (*child)->socket_path();
        client = std::make_unique<net::HttpClient>(thread.reactor(), endpoint, net::ClientLimits{}, nullptr);
        embed::EndpointOptions ask;
        ask.identity = "eval";
        ask.dimensions = kDimensions;
        ask.call_micros = kCallMicros;
        embedder = std::make_unique<embed::EndpointEmbedder>(*client, std::move(ask));
        work = std::make_unique<Work>(
            Work{texts, *embedder, kept, progress, 0, 0, kAsksAtOnce, 0, std::nullopt, finished});
        for (std::size_t i = 0; i < kAsksAtOnce; ++i) spawn(embed_some(*work));
    });
    const std::optional<Error> problem = work->problem;
    // The embedder's own coroutines end after the last answer was handed out.
    bool idle = false;
    while (!idle) {
        thread.call([&] { idle = embedder->idle(); });
        if (!idle) usleep(1000);
    }
    thread.call([&] {
        embedder.reset();
        client.reset();
    });
    if (problem) return tl::unexpected(*problem);
    return {};
}

}  // namespace

Result<TextVectors> embed_texts(const std::vector<std::string_view>& texts, const EmbeddingChoice& choice,
                                const EmbedProgress& progress, std::ostream& err) {
    if (!choice.vectors_folder.empty()) return TextVectors::read_folder(choice.vectors_folder, texts);
    if (choice.kind == EmbeddingChoice::Kind::hashing) return TextVectors();
    const std::optional<Installed> installed = find_installed();
    const bool must = choice.kind == EmbeddingChoice::Kind::minilm;
    constexpr std::string_view kHint = " (scripts/fetch_model.sh embedding, scripts/build_llama_server.sh)";
    if (!installed) {
        if (must) return fail(ErrorCode::unavailable, "the MiniLM model is not there" + std::string(kHint));
        err << "no MiniLM model found" << kHint << ": judged without vectors of meaning\n";
        return TextVectors();
    }
    auto identity = embed::identity_of_model_file("minilm", installed->model, kDimensions);
    if (!identity) return tl::unexpected(identity.error());
    auto kept = KeptVectors::open(installed->folder, *identity, kDimensions);
    if (!kept) return tl::unexpected(kept.error());
    std::vector<std::string_view> missing;
    for (const std::string_view text : texts) {
        if (!kept->has(text)) missing.push_back(text);
    }
    if (!missing.empty()) {
        const auto embedded = embed_all(missing, *installed, *kept, progress);
        const auto saved = kept->save();
        if (!embedded) {
            if (must || embedded.error().code == ErrorCode::canceled) return tl::unexpected(embedded.error());
            err << "MiniLM can't be asked (" << embedded.error().message << "): judged without vectors of meaning\n";
            return TextVectors();
        }
        if (!saved) err << saved.error().message << ": the vectors are not kept for next time\n";
    }
    TextVectors vectors;
    for (const std::string_view text : texts) {
        if (const embed::Int8Vector* const vector = kept->find(text)) vectors.set(text, *vector);
    }
    return vectors;
}

}  // namespace weir::eval
