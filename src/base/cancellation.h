// How a caller that leaves reaches the work done for it: the work registers what to stop, the watcher calls cancel().
// Thread rule: one reactor thread.
#pragma once

namespace weir {

class Cancelable {
  public:
    virtual void cancel() = 0;

  protected:
    ~Cancelable() = default;
};

class Cancellation {
  public:
    bool canceled() const { return canceled_; }

    void cancel() {
        if (canceled_) return;
        canceled_ = true;
        if (target_ != nullptr) target_->cancel();
    }

    // While it lives, cancel() reaches `target`. Scopes do not nest.
    class Scope {
      public:
        Scope(Cancellation& cancellation, Cancelable& target) : cancellation_(cancellation) {
            cancellation_.target_ = &target;
        }
        ~Scope() { cancellation_.target_ = nullptr; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

      private:
        Cancellation& cancellation_;
    };

  private:
    bool canceled_ = false;
    Cancelable* target_ = nullptr;
};

}  // namespace weir
