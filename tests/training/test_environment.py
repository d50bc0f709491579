from bloodstudy.training.environment import remove_options


def test_what_can_change_numbers_is_removed_and_named_and_the_rest_stays():
    harmless = {"PATH": "/bin", "KERAS_HOME": "/k", "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    harmless |= {"TF_CLI_CONFIG_FILE": "terraform.rc", "TF2_BEHAVIOR": "1"}  # TensorFlow sets the last itself
    options = {
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "KERAS_MAX_EPOCHS": "1",
        "XLA_FLAGS": "",
        "TF_FUNCTION_JIT_COMPILE_DEFAULT": "1",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
    }
    environment = harmless | options
    assert remove_options(environment) == sorted(options)
    assert environment == harmless
    assert remove_options(environment) == []
    assert remove_options({"KERAS_BACKEND": "jax"}) == ["KERAS_BACKEND"]
