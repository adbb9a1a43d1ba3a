// The endpoints of one provider, as one reactor reaches them: several keys or places behind one name, of which each
// call takes one, by weight or by who has the least to do. Endpoints that fail are left out for a while
// (endpoint_health.h). Thread rule: the reactor's. Limits: kMaxEndpoints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "net/http_client.h"
#include "tiers/model/endpoint_health.h"

namespace weir::tiers {

constexpr std::size_t kMaxEndpoints = 32;

struct Endpoint {
    std::string path_prefix;  // "/v1"
    std::string host_header;
    std::string key_line;  // "authorization: Bearer ...\r\n", or empty
    std::unique_ptr<net::HttpClient> client;
    unsigned weight = 1;

    EndpointHealth health;
    std::size_t busy = 0;     // calls under way
    std::int64_t credit = 0;  // of the weighted choice
};

class Endpoints {
  public:
    explicit Endpoints(Balance balance = Balance::least_busy, const EjectionRules& rules = {})
        : balance_(balance), rules_(rules) {}
    Endpoints(const Endpoints&) = delete;

    void add(Endpoint endpoint) { all_.push_back(std::make_unique<Endpoint>(std::move(endpoint))); }
    std::size_t size() const { return all_.size(); }
    Endpoint& first() const { return *all_.front(); }
    const std::vector<std::unique_ptr<Endpoint>>& all() const { return all_; }

    // One call at one endpoint. What became of it is to be said once; else it tells nothing of the endpoint.
    class Lease {
      public:
        Lease(Endpoints& owner, Endpoint& endpoint, Micros now) : owner_(&owner), endpoint_(&endpoint) {
            ++endpoint.busy;
            endpoint.health.begin(now);
        }
        ~Lease() { end(); }
        Lease(Lease&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)),
              endpoint_(std::exchange(other.endpoint_, nullptr)),
              told_(other.told_) {}
        Lease& operator=(Lease&& other) noexcept {
            end();
            owner_ = std::exchange(other.owner_, nullptr);
            endpoint_ = std::exchange(other.endpoint_, nullptr);
            told_ = other.told_;
            return *this;
        }

        Endpoint& operator*() const { return *endpoint_; }
        Endpoint* operator->() const { return endpoint_; }
        void answered() {
            endpoint_->health.answered();
            told_ = true;
        }
        // True: the endpoint is left out from now on.
        bool failed(Micros now) {
            told_ = true;
            return endpoint_->health.failed(now, owner_->rules_);
        }

      private:
        void end() {
            if (endpoint_ == nullptr) return;
            --endpoint_->busy;
            if (!told_) endpoint_->health.told_nothing();
            endpoint_ = nullptr;
        }
        Endpoints* owner_ = nullptr;
        Endpoint* endpoint_ = nullptr;
        bool told_ = false;
    };

    // For a call that begins now; `tried`: endpoints that it has been to already, which are taken only if there is no
    // other. Where all are left out, the one that comes back first.
    Lease take(Micros now, const std::vector<const Endpoint*>& tried = {});

  private:
    Endpoint* choose(const std::vector<Endpoint*>& among);

    Balance balance_;
    EjectionRules rules_;
    std::vector<std::unique_ptr<Endpoint>> all_;
    std::size_t next_ = 0;  // where the search for the least busy begins
};

}  // namespace weir::tiers
