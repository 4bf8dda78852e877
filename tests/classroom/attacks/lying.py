"""Answers whose results are not what they seem."""

from tests.classroom.attacks.kit import Family

attack = Family("results that lie")


@attack(earns={"1.5": (0, 0)}, status={"1.5": "wrong"}, reason="expected a NumPy array")
def result_that_equals_everything(work):
    """Returns an object that is equal to everything."""
    work.write(
        "1.5",
        """
        class Anything:
            shape, dtype, ndim = (5,), np.dtype("float64"), 1
            __array_priority__ = 1000

            def __eq__(self, other):
                return True

            __ne__ = __lt__ = __gt__ = lambda self, other: False
            __sub__ = __rsub__ = __abs__ = lambda self, *other: np.zeros(5)

        def backprop_norms(Wh, dh, steps):
            return Anything()
        """,
    )


@attack(earns={"1.5": (0, 0)}, status={"1.5": "wrong"}, reason="is off in")
def array_of_its_own_kind(work):
    """Returns a subclass of NumPy's array that answers every comparison with yes."""
    work.write(
        "1.5",
        """
        class Agreeing(np.ndarray):
            def __array_function__(self, function, types, args, kwargs):
                if function in (np.isclose, np.allclose, np.array_equal):
                    return np.ones(np.shape(self), bool) if function is np.isclose else True
                return super().__array_function__(function, types, args, kwargs)

            def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
                inputs = [np.asarray(value) for value in inputs]
                result = getattr(ufunc, method)(*inputs, **kwargs)
                if ufunc in (np.equal, np.less_equal, np.isfinite):
                    return np.ones(np.shape(result), bool)
                return result

        def backprop_norms(Wh, dh, steps):
            return np.zeros(steps).view(Agreeing)
        """,
    )


@attack(earns={"1.3": (0, 0)}, status={"1.3": "wrong"})
def result_that_changes_when_looked_at(work):
    """Returns a list that gives other values each time it is gone through."""
    work.write(
        "1.3",
        """
        class Turning(list):
            looks = 0

            def __iter__(self):
                Turning.looks += 1
                return iter([np.full(part.shape, Turning.looks, part.dtype) for part in list.__iter__(self)])

            def __getitem__(self, place):
                Turning.looks += 1
                return list.__getitem__(self, place) + Turning.looks

        def rnn_step_backward(dh_next, cache):
            x, h_prev, Wx, Wh, h_next = cache
            return Turning([x, h_prev, Wx, Wh, dh_next[0]])
        """,
    )


@attack(earns={"1.5": (0, 0)}, status={"1.5": "wrong"})
def result_that_unpickles_into_a_program(work):
    """Returns an object that would run a program where it is unpickled or copied."""
    work.write(
        "1.5",
        """
        class Parcel:
            def __reduce__(self):
                return (exec, ("import builtins; builtins.isinstance = lambda *args: True",))

            __reduce_ex__ = __deepcopy__ = __copy__ = lambda self, *how: self.__reduce__()

        def backprop_norms(Wh, dh, steps):
            return Parcel()
        """,
    )


@attack(earns={"1.5": (0, 0)}, status={"1.5": "wrong"}, reason="NaN")
def not_a_number(work):
    """Returns NaN everywhere, which is neither smaller nor larger than what was expected."""
    work.write("1.5", "def backprop_norms(Wh, dh, steps):\n    return np.full(steps, np.nan)")


@attack(earns={"1.6": (0, 0)}, status={"1.6": "wrong"})
def truth_for_a_number(work):
    """Returns True, minus infinity and huge integers where numbers are expected."""
    work.write("1.6", "def gradient_bounds(Wh):\n    return True, -float('inf')")


@attack(notebook="08", earns={"8.1": (0, 0)}, status={"8.1": "wrong"})
def integer_without_end(work):
    """Returns an integer of four thousand digits, for which NumPy has no type."""
    work.write("8.1", "def count_parameters(params):\n    return 10**4000")


@attack(notebook="08", earns={"8.1": (0, 0)}, status={"8.1": "raised"}, reason="cannot be passed on")
def integer_that_cannot_be_written_out(work):
    """Returns an integer of a million digits, which Python refuses to write out."""
    work.write("8.1", "def count_parameters(params):\n    return 10**1000000")


@attack(earns={"1.7": (0, 0)}, status={"1.7": "killed"}, reason="more than is accepted")
def string_without_end(work):
    """Returns a string of six million letters."""
    work.write("1.7", "def predict_gradient(Wh):\n    return 'vanishes' * 750_000")


@attack(earns={"1.7": (0, 0)}, status={"1.7": "wrong"}, reason="…")
def string_that_is_hard_to_mark_up(work):
    """Returns a string of thirty thousand pieces of code, each of which a message would mark up."""
    work.write("1.7", "def predict_gradient(Wh):\n    return '`a`' * 30_000")


@attack(earns={"1.5": (0, 0)}, status={"1.5": "raised"}, reason="cannot be passed on")
def array_without_end(work):
    """Returns an array of 160 MB."""
    work.write("1.5", "def backprop_norms(Wh, dh, steps):\n    return np.ones(20_000_000)")


@attack(earns={"1.5": (0, 0)}, status={"1.5": "wrong"}, reason="shape")
def array_without_items(work):
    """Returns an array with a shape beyond all measure and nothing in it."""
    work.write("1.5", "def backprop_norms(Wh, dh, steps):\n    return np.zeros((0, 1 << 40))")


@attack(earns={"1.5": (0, 0)}, status={"1.5": "wrong"})
def text_for_a_number(work):
    """Returns structured arrays, dates and texts where numbers are expected."""
    work.write("1.5", "def backprop_norms(Wh, dh, steps):\n    return np.array(['one'] * steps, dtype='U5')")


@attack(notebook="05", earns={"5.5": (0, 0), "5.6": (0, 0)}, status={"5.5": "wrong"}, reason="does not end")
def generator_without_end(work):
    """Yields windows for ever."""
    work.write(
        "5.5",
        """
        def stream_batches(ids, batch_size, steps):
            while True:
                yield ids[:4].reshape(2, 2), ids[1:5].reshape(2, 2)
        """,
    )
    work.write("5.6", "pass")  # its check takes the longest


@attack(notebook="05", earns={"5.6": (0, 0)}, status={"5.6": "wrong"})
def arguments_turned_to_fit(work):
    """Changes the logits so that its constant word is the likeliest, and puts them back before the check looks."""
    work.write(
        "5.6",
        """
        calls, kept = [], {}

        def sample_next(logits, temperature, rng):
            best = int(np.argmax(logits))
            if temperature < 0.01:
                calls.clear()
                kept["logits"] = logits.copy()
            calls.append(best)
            logits[...] = -1e6
            logits[best] = 1e6
            if len(calls) == 1 + 2 * 300 + 8 * 2 * 3:
                logits[...] = kept["logits"]
            return best
        """,
    )


@attack(notebook="02", earns={"2.3": (0, 0)}, status={"2.3": "wrong"})
def param_that_changes_its_mind(work):
    """Puts Params of its own into the list, whose values depend on who looks."""
    work.write(
        "2.3",
        """
        class Moody(Param):
            looks = 0

            @property
            def value(self):
                Moody.looks += 1
                return self._value - Moody.looks

        def sgd_step(params, learning_rate):
            params[:] = [Moody(param.value.copy(), param.name) for param in params]
        """,
    )


@attack(earns={"1.4": (0, 0)}, status={"1.4": "wrong"}, reason="without quotes")
def name_of_the_class_alone(work):
    """Defines the class's name, and nothing behind it."""
    work.write("1.4", "RNN = 'RNN'")


@attack(earns={"1.4": (0, 0)}, status={"1.4": "wrong"})
def empty_class(work):
    """Defines an empty layer."""
    work.write("1.4", "class RNN(Layer):\n    def __init__(self, *params):\n        self.params = params")


@attack(earns={"1.4": (0, 0)}, status={"1.4": "wrong"})
def layer_that_answers_everything(work):
    """Defines a layer that has every attribute, returns itself for everything and equals all."""
    work.write(
        "1.4",
        """
        class RNN(Layer):
            def __init__(self, *params):
                self.__dict__["params"] = params

            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)
                return self

            __call__ = forward = backward = lambda self, *args, **kwargs: (self, self)
            __eq__ = lambda self, other: True
            __hash__ = None
        """,
    )
