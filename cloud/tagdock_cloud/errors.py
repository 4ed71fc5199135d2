"""The service's errors, told apart by who has to act. The message says what to do."""


class CloudError(Exception):
    """Something went wrong that a person has to know; the command ends with exit status 1."""

    exit_status = 1


class ConfigurationError(CloudError):
    """A setting is wrong: whoever runs the service mends it; exit status 2."""

    exit_status = 2
