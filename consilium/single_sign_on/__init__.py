"""Single sign-on: people come in through the hospital's OpenID provider; its groups may carry roles."""
