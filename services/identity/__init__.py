"""The built-in sign-in service: OpenID Connect for installations without a provider."""
