// A supervised `llama-server` child: started, watched, restarted with back-off, bounded in memory and threads, and
// never outliving its parent (PR_SET_PDEATHSIG plus a process group of its own). It listens on a Unix socket whose path
// stays the same over restarts. Thread rule: one supervising thread a child inside; every public call from any thread
// but a reactor, except state(), socket_path() and restarts(), which never block. Limits: Options; start-up at most
// start_timeout, then it counts as failed; 3 health checks in a row without a good answer restart it; back-off doubles
// from backoff_first to backoff_most, reset after 60 s of health; the log file is emptied past 16 MiB; 5 s between
// SIGTERM and SIGKILL.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace weir::local {

enum class ChildState : std::uint8_t { starting, ready, backing_off, stopped };
std::string_view to_string(ChildState state);

struct LlamaServerOptions {
    std::string name;                      // for logs and the socket's file name
    std::string model_file;                // GGUF
    std::string adapter_file;              // GGUF: a LoRA over it (trained_file.h); empty: none
    std::string program = "llama-server";  // a path, or found on the PATH
    unsigned threads = 0;                  // 0: cores - 1, at least 1
    unsigned context_tokens = 4096;        // for all slots together
    unsigned parallel = 2;                 // slots
    std::uint64_t memory_bytes = 0;        // restarted above this resident size (the mapped model counts); 0: no cap
    unsigned cache_ram_mib = 64;           // for prompts kept beyond the slots
    bool embedding = false;                // serves /v1/embeddings (mean pooling) and nothing else; see below
    std::vector<std::string> extra_arguments;
    Micros start_timeout_micros = 120'000'000;
    Micros health_interval_micros = 1'000'000;
    Micros health_timeout_micros = 2'000'000;  // a check without an answer by then has failed
    Micros backoff_first_micros = 500'000;
    Micros backoff_most_micros = 30'000'000;
    std::string log_file;  // the child's output is appended; empty: discarded
};

// A text's tokens are embedded in one batch, so what one slot holds (context_tokens / parallel) is also the longest
// text that is not refused. Encoders know few positions: BERT's 512.
constexpr unsigned embedding_context_tokens = 512;

class LlamaServer {
  public:
    // Checks the options (model file readable and a GGUF, program found and executable) and begins to start the child.
    // Errors: not_found (model file, adapter file, program), invalid (not a GGUF, an adapter that does not fit, not
    // executable), io.
    static Result<std::unique_ptr<LlamaServer>> start(const LlamaServerOptions& options);
    ~LlamaServer();  // SIGTERM, 5 s, SIGKILL; waits

    ChildState state() const;
    const std::string& socket_path() const;  // what to connect to while ready
    std::uint64_t restarts() const;          // children started after the first
    int pid() const;                         // of the present child; 0: none
    std::string last_problem() const;        // why it is not ready; empty where it is

    // Waits until the state is ready (true) or the time is up. Never from a reactor.
    bool wait_ready(Micros at_most_micros) const;

  private:
    struct Impl;
    explicit LlamaServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir::local
